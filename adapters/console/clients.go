package console

import (
	"slices"
	"strings"

	"ithildin/provider/clientauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

func clientAddress(id string) string { return address("clients", id) }

// showClients lists clients, the oldest first.
func showClients(v *visit) error {
	l := newList(v)
	types, err := v.store.ListClientTypes(v.r.Context())
	if err != nil {
		return err
	}
	options := make([]option, len(types))
	for i, t := range types {
		options[i] = option{Value: t.ID, Label: t.Name}
	}
	f := storage.ClientFilter{Name: l.text("name", "clients.name"), TypeID: l.choice("type", "clients.type", options...)}
	f.IsBlocked = boolean(l.choice("state", "people.state",
		option{Value: stateActive, Label: v.T("state.active")}, option{Value: stateBlocked, Label: v.T("state.blocked")},
	), stateBlocked, stateActive)
	clients, total, err := v.store.PageOfClients(v.r.Context(), f, l.page())
	if err != nil {
		return err
	}
	t := &table{Label: v.T("clients.title"), Empty: v.T("clients.empty"), Columns: []string{
		v.T("clients.name"), v.T("people.state"), v.T("clients.type"), v.T("clients.method"), v.T("people.created"),
	}}
	for _, c := range clients {
		t.Rows = append(t.Rows, []cell{
			to(c.Name, clientAddress(c.ID)).with(c.ID), stateOf(v, c.IsBlocked), text(c.TypeName),
			text(c.Metadata.TokenEndpointAuthMethod), moment(c.CreatedAt),
		})
	}
	l.finish(t, total)
	s := &screen{Filter: &l.form, Sections: []section{{ID: "clients", Table: t}}}
	if v.operator.Has(operator.Clients) {
		s.Actions = []link{{v.T("action.new_client"), address("new-client")}}
	}
	return show(v, v.T("clients.title"), s)
}

// findClient reads the client that the path names from the database.
func findClient(v *visit) (*storage.Client, error) {
	return v.store.LoadClient(v.r.Context(), v.parameter("id"))
}

// showClient shows what is known of a client.
func showClient(v *visit) error {
	c, err := findClient(v)
	if err != nil {
		return err
	}
	state := stateOf(v, c.IsBlocked)
	s := &screen{
		Crumbs: []link{{v.T("clients.title"), address("clients")}}, Mark: &mark{state.Text, state.Tone},
		Actions: actionsOfClient(v, c),
	}
	if c.IsBlocked {
		s.Alerts = append(s.Alerts, v.T("client.blocked", "reason", c.BlockReason))
	}
	if c.ID == ClientID {
		s.Alerts = append(s.Alerts, v.T("client.own"))
	}
	if s.Facts, err = factsOfClient(v, c); err != nil {
		return err
	}
	connections, err := connectionsOf(v, c)
	if err != nil {
		return err
	}
	s.Sections = []section{connections}
	if clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod) {
		secrets, err := secretsTable(v, c)
		if err != nil {
			return err
		}
		s.Sections = append(s.Sections, secrets)
	}
	s.Sections = append(s.Sections, policyOf(v, c))
	if v.operator.Has(operator.Audit) {
		events, err := v.store.ListEvents(v.r.Context(), storage.EventFilter{ClientID: c.ID, Limit: shownOf})
		if err != nil {
			return err
		}
		t, err := eventTable(v, events, true)
		if err != nil {
			return err
		}
		s.Sections = append(s.Sections, section{ID: "audit", Title: v.T("person.audit"), Table: t, Actions: []link{{
			v.T("audit.all"), auditAddress("client_id", c.ID),
		}}})
	}
	return show(v, c.Name, s)
}

func factsOfClient(v *visit, c *storage.Client) ([]fact, error) {
	count, err := v.store.CountLiveOfClient(v.r.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	owner := cell{}
	if c.OwnerID != "" {
		owner = to(c.OwnerID, address("people", c.OwnerID))
	}
	m := c.Metadata
	return []fact{
		{v.T("person.id"), code(c.ID)},
		{v.T("clients.type"), text(c.TypeName)},
		{v.T("client.owner"), owner},
		{v.T("clients.method"), code(m.TokenEndpointAuthMethod)},
		{v.T("client.grant_types"), words(m.GrantTypes)},
		{v.T("client.scope"), words(c.AllowedScope())},
		{v.T("client.audience"), words(m.Audience)},
		{v.T("client.contacts"), words(m.Contacts)},
		{v.T("client.broker"), words(storage.SplitScope(c.BrokerScope()))},
		{v.T("client.keys"), text(m.JWKSURI)},
		{v.T("client.grants"), text(number(count.Grants))},
		{v.T("client.approvals"), text(number(count.Approvals))},
		{v.T("people.created"), moment(c.CreatedAt)},
		{v.T("person.updated"), moment(c.UpdatedAt)},
	}, nil
}

// actionsOfClient are the settings of a client, and the actions on it as a whole.
func actionsOfClient(v *visit, c *storage.Client) (links []link) {
	if c.ID == ClientID {
		return nil
	}
	if kindOfClient(c) != nil {
		links = []link{{v.T("settings.link"), address("clients", c.ID, "settings")}}
	}
	if !v.operator.Has(operator.Clients) {
		return links
	}
	names := []string{"trial", "block-client", "edit-client", "change-policy", "end-client-tokens"}
	if c.IsBlocked {
		names = []string{"trial", "unblock-client", "edit-client", "change-policy", "end-client-tokens", "delete-client"}
	}
	for _, name := range names {
		links = append(links, link{v.T("action." + name + ".link"), address("clients", c.ID, name)})
	}
	return links
}

func connectionsOf(v *visit, c *storage.Client) (section, error) {
	t := &table{Label: v.T("client.connections"), Empty: v.T("client.no_connections"), Columns: []string{
		v.T("connection.whose"), v.T("connection.redirects"), v.T("list.actions"),
	}}
	for _, connection := range c.Connections {
		whose, err := whoseConnection(v, connection)
		if err != nil {
			return section{}, err
		}
		redirects := words(connection.RedirectURIs)
		if connection.RedirectMatch == storage.RedirectMatchPrefix {
			redirects.Note = v.T("connection.prefix")
		}
		var links []link
		if v.operator.Has(operator.Clients) && c.ID != ClientID {
			names := []string{"redirect-uris"}
			if clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod) {
				names = append(names, "new-secret")
			}
			for _, name := range names {
				links = append(links, link{
					v.T("action." + name + ".link"), address("clients", c.ID, "connections", connection.ID, name),
				})
			}
		}
		t.Rows = append(t.Rows, []cell{whose, redirects, cell{}.doing(links...)})
	}
	return section{ID: "connections", Title: v.T("client.connections"), Table: t}, nil
}

// whoseConnection is the MIS that works by a connection, or the client itself.
func whoseConnection(v *visit, connection *storage.Connection) (cell, error) {
	if connection.ConsumerID == "" {
		return text(v.T("connection.own")), nil
	}
	return namedClient(v, connection.ConsumerID)
}

// readURIs are the redirect URIs of a form, one a line.
func readURIs(value string) []string {
	return slices.DeleteFunc(strings.Fields(value), func(line string) bool { return line == "" })
}
