package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	texttemplate "text/template"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// clientKind is a kind of client that the wizard makes: what it is made of, and the settings that it is told.
type clientKind struct {
	name       string // of its texts: action.new-<name>.title and so on
	preset     string
	method     string   // by which it authenticates
	grants     []string // without authorization_code it has no redirect URIs
	native     bool
	introspect bool     // it may ask about tokens of others
	snippets   []string // names of files in snippets
}

// clientKinds are all of them, the commonest first.
func clientKinds() []clientKind {
	people := []string{"authorization_code", "refresh_token"}
	return []clientKind{
		{name: "mis", preset: storage.PresetEHealth, method: storage.AuthMethodPost, grants: people,
			snippets: []string{"legacy"}},
		{name: "web", preset: storage.PresetStandard, method: storage.AuthMethodBasic, grants: people,
			snippets: []string{"spring-client", "go", "python"}},
		{name: "spa", preset: storage.PresetStandard, method: storage.AuthMethodNone, grants: people,
			snippets: []string{"oidc-client-ts"}},
		{name: "native", preset: storage.PresetStandard, method: storage.AuthMethodNone, grants: people, native: true,
			snippets: []string{"appauth"}},
		{name: "device", preset: storage.PresetStandard, method: storage.AuthMethodNone,
			grants: []string{oauth.GrantTypeDeviceCode, "refresh_token"}, snippets: []string{"device"}},
		{name: "machine", preset: storage.PresetStandard, method: storage.AuthMethodBasic,
			grants: []string{"client_credentials"}, snippets: []string{"curl"}},
		{name: "api", preset: storage.PresetStandard, method: storage.AuthMethodBasic,
			grants: []string{"client_credentials"}, introspect: true, snippets: []string{"introspect", "spring-api"}},
	}
}

var snippets = texttemplate.Must(texttemplate.ParseFS(files, "snippets/*.txt"))

// snippetValues are what settings are made of. The secret is not among them: what is copied may be kept anywhere.
type snippetValues struct{ Issuer, ClientID, RedirectURI, Scope, Host string }

// showClientKinds lets an operator choose a kind.
func showClientKinds(v *visit) error {
	t := &table{Label: v.T("new.title"), Columns: []string{v.T("new.kind"), v.T("new.for")}}
	for _, kind := range clientKinds() {
		t.Rows = append(t.Rows, []cell{
			to(v.T("action.new-"+kind.name+".title"), address("new-client", kind.name)),
			text(v.T("action.new-" + kind.name + ".lead")),
		})
	}
	return show(v, v.T("new.title"), &screen{
		Crumbs: []link{{v.T("clients.title"), address("clients")}}, Lead: v.T("new.lead"),
		Sections: []section{{ID: "kinds", Table: t}},
	})
}

// newClientActions make a client of each kind.
func newClientActions() []action {
	var all []action
	for _, kind := range clientKinds() {
		all = append(all, action{
			path: "new-client/" + kind.name, name: "new-" + kind.name, right: operator.Clients, ask: kind.ask,
		})
	}
	return all
}

// hasPeople says whether people come back to the client from a sign-in.
func (k clientKind) hasPeople() bool { return slices.Contains(k.grants, "authorization_code") }

func (k clientKind) ask(v *visit) (*question, error) {
	sent := v.r.PostForm
	client, err := k.begin(v)
	if err != nil {
		return nil, err
	}
	fields, client, err := clientForm(v, client)
	if err != nil {
		return nil, err
	}
	if k.hasPeople() {
		fields = slices.Insert(fields, 1, field{
			Name: "redirect_uris", Label: v.T("connection.redirects"), Hint: v.T("connection.redirects_hint"),
			Type: "textarea", Value: sent.Get("redirect_uris"), Required: true,
		})
	}
	q := &question{Subject: v.T("new.title"), Back: address("new-client"), Fresh: true, Fields: fields}
	q.do = func(ctx context.Context) (*result, error) {
		return k.create(ctx, v, client, readURIs(sent.Get("redirect_uris")))
	}
	return q, nil
}

// begin is a client of the kind that nobody has named yet.
func (k clientKind) begin(v *visit) (storage.Client, error) {
	client, err := storage.NewClient(v.store.NewID(), k.preset, v.store.Now())
	if err != nil {
		return storage.Client{}, err
	}
	client.Metadata.GrantTypes, client.Metadata.TokenEndpointAuthMethod = k.grants, k.method
	client.Policy.IntrospectAny = k.introspect
	client.Policy.RequirePKCE = k.preset == storage.PresetStandard && k.hasPeople()
	if k.native {
		client.Metadata.ApplicationType = "native"
	}
	if len(k.grants) > 1 { // it has something to do with people
		client.Scope = []string{"openid", "profile", "email"}
	}
	if !k.hasPeople() {
		client.Metadata.ResponseTypes = nil
	}
	return client, client.SetAccessType(storage.DefaultAccessType(k.preset))
}

// create stores the client, and returns what its developer needs.
func (k clientKind) create(
	ctx context.Context, v *visit, client storage.Client, redirects []string,
) (done *result, err error) {
	connection := storage.NewConnection(v.store.NewID(), client.ID, k.preset, redirects, v.store.Now())
	client.Connections = []*storage.Connection{connection}
	if problem := k.check(v, &client, redirects); problem != nil {
		return nil, problem
	}
	done = &result{
		Lead: v.T("new.done_public"), Back: clientAddress(client.ID),
		Facts: clientFacts(v, client.ID, redirects, client.Scope),
	}
	if clientauth.HasSecret(k.method) {
		if done.Secret, err = clientauth.RandomSecret(rand.Reader, false); err != nil {
			return nil, err
		}
		done.Lead = v.T("secret.once")
		connection.Secrets = []storage.ConnectionSecret{v.store.NewConnectionSecret(storage.SecretValue{
			Text: done.Secret, Sealed: client.IsLegacy() && !v.secretsHashed,
		})}
	}
	if done.Snippets, err = k.settings(v, client.ID, redirects, client.Scope); err != nil {
		return nil, err
	}
	return done, v.store.CreateClient(ctx, client)
}

// clientFacts are what the developer of a client needs beside its secret.
func clientFacts(v *visit, id string, redirects, scope []string) []fact {
	return []fact{
		{v.T("new.issuer"), code(v.provider.Issuer())}, {"client_id", code(id)},
		{v.T("connection.redirects"), words(redirects)}, {v.T("token.scope"), words(scope)},
	}
}

// check is what is wrong with a new client.
func (k clientKind) check(v *visit, client *storage.Client, redirects []string) error {
	if err := checkClientForm(v, client); err != nil {
		return err
	}
	if k.hasPeople() && len(redirects) == 0 {
		return &formProblem{"connection.redirects_missing", "redirect_uris"}
	}
	if registration.ValidateClient(client, registration.Rules{}) != nil {
		return &formProblem{"connection.redirects_wrong", "redirect_uris"}
	}
	return nil
}

// settings are those for the common libraries, ready to be copied.
func (k clientKind) settings(v *visit, id string, redirects, scope []string) ([]snippet, error) {
	values := snippetValues{Issuer: v.provider.Issuer(), ClientID: id, Scope: strings.Join(scope, " "), Host: v.host}
	if len(redirects) > 0 {
		values.RedirectURI = redirects[0]
	}
	var all []snippet
	for _, name := range k.snippets {
		var content bytes.Buffer
		if err := snippets.ExecuteTemplate(&content, name+".txt", values); err != nil {
			return nil, fmt.Errorf("console: settings %s: %w", name, err)
		}
		all = append(all, snippet{v.T("snippet." + name), content.String()})
	}
	return all, nil
}
