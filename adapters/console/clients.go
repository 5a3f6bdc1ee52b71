package console

import (
	"slices"
	"strings"
	"time"

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
	s.Sections = []section{connections, policyOf(v, c)}
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
		{v.T("client.broker"), words(storage.SplitScope(c.BrokerScope()))},
		{v.T("client.keys"), text(m.JWKSURI)},
		{v.T("client.grants"), text(number(count.Grants))},
		{v.T("client.approvals"), text(number(count.Approvals))},
		{v.T("people.created"), moment(c.CreatedAt)},
		{v.T("person.updated"), moment(c.UpdatedAt)},
	}, nil
}

// actionsOfClient are the actions on a client as a whole.
func actionsOfClient(v *visit, c *storage.Client) []link {
	if !v.operator.Has(operator.Clients) || c.ID == ClientID {
		return nil
	}
	names := []string{"block-client", "end-client-tokens"}
	if c.IsBlocked {
		names = []string{"unblock-client", "end-client-tokens"}
	}
	links := make([]link, len(names))
	for i, name := range names {
		links[i] = link{v.T("action." + name + ".link"), address("clients", c.ID, name)}
	}
	return links
}

func connectionsOf(v *visit, c *storage.Client) (section, error) {
	t := &table{Label: v.T("client.connections"), Empty: v.T("client.no_connections"), Columns: []string{
		v.T("connection.whose"), v.T("connection.redirects"), v.T("connection.secrets"), v.T("list.actions"),
	}}
	for _, connection := range c.Connections {
		whose := text(v.T("connection.own"))
		if connection.ConsumerID != "" {
			var err error
			if whose, err = namedClient(v, connection.ConsumerID); err != nil {
				return section{}, err
			}
		}
		redirects := words(connection.RedirectURIs)
		if connection.RedirectMatch == storage.RedirectMatchPrefix {
			redirects.Note = v.T("connection.prefix")
		}
		var links []link
		if v.operator.Has(operator.Clients) && c.ID != ClientID {
			for _, name := range []string{"redirect-uris", "new-secret"} {
				links = append(links, link{
					v.T("action." + name + ".link"), address("clients", c.ID, "connections", connection.ID, name),
				})
			}
		}
		t.Rows = append(t.Rows, []cell{whose, redirects, cell{Words: secretsOf(v, connection)}, cell{}.doing(links...)})
	}
	return section{ID: "connections", Title: v.T("client.connections"), Table: t}, nil
}

// secretsOf says since when each secret of a connection is good, and until when.
func secretsOf(v *visit, connection *storage.Connection) (shown []string) {
	day := func(at time.Time) string { return at.In(kyiv).Format("02.01.2006, 15:04") }
	for _, secret := range connection.Secrets {
		line := v.T("secret.since", "day", day(secret.CreatedAt))
		if !secret.ExpiresAt.IsZero() {
			line += ", " + v.T("secret.until", "day", day(secret.ExpiresAt))
		}
		shown = append(shown, line)
	}
	return shown
}

// policyOf lists the policy of a client, and where it is less strict than that of a new one.
func policyOf(v *visit, c *storage.Client) section {
	strict, err := storage.NewPolicy(storage.PresetStandard)
	if err != nil {
		panic("console: " + err.Error()) // the preset is a constant
	}
	t := &table{Label: v.T("client.policy"), Columns: []string{
		v.T("policy.name"), v.T("policy.value"), v.T("policy.standard"),
	}}
	standard := policyRows(strict)
	for i, row := range policyRows(c.Policy) {
		value := code(row[1])
		if row[1] != standard[i][1] {
			value = marked(row[1], "plain")
		}
		t.Rows = append(t.Rows, []cell{code(row[0]), value, code(standard[i][1])})
	}
	return section{ID: "policy", Title: v.T("client.policy"), Lead: v.T("client.policy_lead"), Table: t}
}

// policyRows are the settings of a policy by their names.
func policyRows(p storage.Policy) [][2]string {
	yes := func(b bool) string { return map[bool]string{true: "true", false: "false"}[b] }
	return [][2]string{
		{"access_token", p.AccessToken}, {"token_form", p.TokenForm}, {"access_lifetime", p.AccessLifetime.String()},
		{"refresh", p.Refresh}, {"refresh_issued", p.RefreshIssued}, {"refresh_lifetime", p.RefreshLifetime.String()},
		{"refresh_grace", p.RefreshGrace.String()}, {"refresh_retry", p.RefreshRetry.String()},
		{"refresh_scope", p.RefreshScope}, {"login_scope", p.LoginScope}, {"factor_change", p.FactorChange},
		{"code_replay", p.CodeReplay}, {"code_lifetime", p.CodeLifetime.String()}, {"require_pkce", yes(p.RequirePKCE)},
		{"require_state", yes(p.RequireState)}, {"introspect_any", yes(p.IntrospectAny)}, {"trusted", yes(p.Trusted)},
	}
}

// readURIs are the redirect URIs of a form, one a line.
func readURIs(value string) []string {
	return slices.DeleteFunc(strings.Fields(value), func(line string) bool { return line == "" })
}
