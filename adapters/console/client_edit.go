package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// clientForm are the fields that every client has, as they were sent or as they are, and the client with what was sent.
func clientForm(v *visit, now storage.Client) ([]field, storage.Client, error) {
	scope := strings.Join(now.Scope, "\n")
	if sent := v.r.PostForm; sent.Has("name") {
		scope = sent.Get("scope")
		now.Name, now.TypeID = strings.TrimSpace(sent.Get("name")), ""
		now.Scope = storage.SplitScope(strings.Join(strings.Fields(scope), " "))
		now.Metadata.Contacts = strings.Fields(sent.Get("contacts"))
	}
	types, err := v.store.ListClientTypes(v.r.Context())
	if err != nil {
		return nil, now, err
	}
	options := []option{{Value: "", Label: v.T("new.no_type")}}
	for _, t := range types {
		if t.ID == v.r.PostForm.Get("type") {
			now.TypeID = t.ID
		}
		options = append(options, option{Value: t.ID, Label: t.Name, Selected: t.ID == now.TypeID})
	}
	now.TypeName, now.TypeScope = "", nil
	if at := slices.IndexFunc(types, func(t storage.ClientType) bool { return t.ID == now.TypeID }); at >= 0 {
		now.TypeName, now.TypeScope = types[at].Name, types[at].Scope
	}
	return []field{
		{Name: "name", Label: v.T("new.name"), Hint: v.T("new.name_hint"), Type: "text", Value: now.Name, Required: true},
		{Name: "type", Label: v.T("clients.type"), Type: "select", Options: options},
		{Name: "scope", Label: v.T("client.scope"), Hint: v.T("scopes.hint"), Type: "textarea", Value: scope},
		{Name: "contacts", Label: v.T("client.contacts"), Hint: v.T("client.contacts_hint"), Type: "text",
			Value: strings.Join(now.Metadata.Contacts, " ")},
	}, now, nil
}

// checkClientForm is what is wrong with the fields of clientForm, or with who sends them.
func checkClientForm(v *visit, client *storage.Client) error {
	switch {
	case client.Name == "" || len(client.Name) > longestFilter || registration.ValidateText(client.Name) != nil:
		return &formProblem{"scopes.no_name", "name"}
	case slices.ContainsFunc(client.Scope, func(name string) bool { return !isScope(name) }):
		return &formProblem{"scopes.wrong", "scope"}
	case slices.ContainsFunc(client.Metadata.Contacts, func(to string) bool { return !isEmail(to) }):
		return &formProblem{"client.contacts_wrong", "contacts"}
	case len(v.operator.Beyond(client.AllowedScope())) > 0:
		return &formProblem{"action.beyond", "scope"}
	}
	return nil
}

// askEditClient shows what the client gains and loses before it is changed.
func askEditClient(v *visit, c *storage.Client) (*question, error) {
	fields, wanted, err := clientForm(v, *c)
	if err != nil {
		return nil, err
	}
	count, err := v.store.CountLiveOfClient(v.r.Context(), c.ID)
	q := &question{Fields: fields}
	q.check = func() error {
		if err := checkClientForm(v, &wanted); err != nil {
			return err
		}
		if len(operator.RightsOf(wanted.AllowedScope())) > 0 && !v.isFresh() {
			return errNotFresh
		}
		if registration.ValidateClientChange(c, &wanted, registration.Rules{}) != nil {
			return &formProblem{"client.change_wrong", "scope"}
		}
		return nil
	}
	q.preview = func() []fact {
		return append(changesOf([][3]string{
			{v.T("clients.name"), c.Name, wanted.Name}, {v.T("clients.type"), c.TypeName, wanted.TypeName},
			{v.T("client.contacts"), strings.Join(c.Metadata.Contacts, " "), strings.Join(wanted.Metadata.Contacts, " ")},
		}),
			fact{v.T("scopes.adds"), words(without(wanted.AllowedScope(), c.AllowedScope()))},
			fact{v.T("scopes.takes"), words(without(c.AllowedScope(), wanted.AllowedScope()))},
			fact{v.T("client.approvals"), text(number(count.Approvals))})
	}
	q.do = withoutResult(func(ctx context.Context) error {
		return changeClient(ctx, v, c, func(now *storage.Client) {
			now.Name, now.TypeID, now.Scope = wanted.Name, wanted.TypeID, wanted.Scope
			now.Metadata.Contacts = wanted.Metadata.Contacts
		})
	})
	return q, err
}

// changeClient makes a change to a client as it is stored now, so that nothing else of it goes back to what a page has
// shown. storage.ErrConflict: its type or scope, by which the change was judged, is another one meanwhile.
func changeClient(ctx context.Context, v *visit, judged *storage.Client, change func(*storage.Client)) error {
	return v.store.Together(ctx, func(ctx context.Context) error {
		if err := v.store.HoldClient(ctx, judged.ID); err != nil {
			return err
		}
		now, err := v.store.LoadClient(ctx, judged.ID)
		if err != nil {
			return err
		}
		if now.TypeID != judged.TypeID || !slices.Equal(now.Scope, judged.Scope) {
			return storage.ErrConflict
		}
		change(now)
		return v.store.UpdateClient(ctx, *now)
	})
}

// askDeleteClient asks for the name of the client: nothing of it comes back. It must be blocked before, which can be
// undone, so that whoever still uses it is seen in time.
func askDeleteClient(v *visit, c *storage.Client) (*question, error) {
	count, err := v.store.CountLiveOfClient(v.r.Context(), c.ID)
	q := &question{
		Fresh: true, After: address("clients"), Fields: []field{confirmation(v, "client.confirm")},
		Facts: append(liveFacts(v, count, false), fact{v.T("client.approvals"), text(number(count.Approvals))},
			fact{v.T("client.connections"), text(number(int64(len(c.Connections))))}),
	}
	q.do = withoutResult(func(ctx context.Context) error {
		if q.Fields[0].Value != strings.TrimSpace(c.Name) {
			return &formProblem{"action.not_confirmed", q.Fields[0].Name}
		}
		now, err := v.store.LoadClient(ctx, c.ID)
		if err == nil && !now.IsBlocked {
			err = storage.ErrConflict // somebody has just lifted the block
		}
		if err != nil {
			return err
		}
		return v.store.DeleteClient(ctx, c.ID)
	})
	if !c.IsBlocked {
		q.Refused = "action.block_first"
	}
	return q, err
}

// showClientSettings shows the settings for the common libraries, as the page of a new client does.
func showClientSettings(v *visit) error {
	c, err := findClient(v)
	if err != nil {
		return err
	}
	kind := kindOfClient(c)
	if kind == nil {
		return storage.ErrNotFound
	}
	var redirects []string
	for _, connection := range c.Connections {
		redirects = append(redirects, connection.RedirectURIs...)
	}
	settings, err := kind.settings(v, c.ID, redirects, c.AllowedScope())
	if err != nil {
		return err
	}
	v.Title = v.T("settings.title", "name", c.Name)
	return v.write(http.StatusOK, "message.html", message{
		Lead: v.T("settings.lead"), Facts: clientFacts(v, c.ID, redirects, c.AllowedScope()), Snippets: settings,
		Links: []link{{v.T("action.back"), clientAddress(c.ID)}},
	})
}

// kindOfClient is the kind that the wizard would have made a client of, by how it authenticates and what it may do; nil
// for one that it makes none of, such as a client that signs.
func kindOfClient(c *storage.Client) *clientKind {
	for _, kind := range clientKinds() {
		if kind.method == c.Metadata.TokenEndpointAuthMethod && kind.native == (c.Metadata.ApplicationType == "native") &&
			kind.introspect == c.Policy.IntrospectAny && (kind.preset != storage.PresetStandard) == c.IsLegacy() &&
			kind.hasPeople() == slices.Contains(c.Metadata.GrantTypes, "authorization_code") {
			return &kind
		}
	}
	return nil
}
