package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// readingVerbs change nothing that an operator would ask about.
var readingVerbs = strings.Fields(strings.ReplaceAll(`serve migrate:up migrate:status janitor healthcheck version
completion reference config:check config:print config:texts token:authorization-code token:client-credentials
token:device token:refresh token:introspect token:revoke client:list client:show client-type:list connection:list
initial-access-token:list user:list user:show user:factor:list session:list invitation:list approval:list role:list
scope:list resource:list details-type:list key:list audit:list audit:export mail:test export
backup client-host:list token:device`, "\n", " "))

// importingVerbs are audited in the tests of imports, which have a database to import.
var importingVerbs = []string{"import:mithril"}

// auditedVerb is a command line and the kind of the event that it must leave, with texts that must be in that event.
type auditedVerb struct {
	line string
	kind string
	want []string
}

const (
	auditedUser   = "5a6f1d8e-0a0e-4d0e-9d1c-1d6c2f7b8a01"
	auditedClient = "5a6f1d8e-0a0e-4d0e-9d1c-1d6c2f7b8a02"
)

// mutatingVerbs is every verb that changes something, in an order in which each finds what it needs.
var mutatingVerbs = []auditedVerb{
	{"setup --issuer https://id.example --administrator first@example.com", storage.EventRoleGranted,
		[]string{`"role_name":"ADMINISTRATOR"`}},
	{"user create a@example.com --id " + auditedUser, storage.EventUserCreated, []string{`"email":"a@example.com"`}},
	{"user update a@example.com --email b@example.com", storage.EventUserUpdated,
		[]string{`"before":{"email":"a@example.com"}`, `"after":{"email":"b@example.com"}`}},
	{"user block b@example.com --reason left", storage.EventUserBlocked, []string{
		auditedUser, `"reason":"left"`, `"before":{"block_reason":"","is_blocked":false}`,
		`"after":{"block_reason":"left","is_blocked":true}`,
	}},
	{"user unblock " + strings.ToUpper(auditedUser), storage.EventUserUnblocked,
		[]string{auditedUser, `"after":{"block_reason":"","is_blocked":false}`}},
	{"user set-password b@example.com", storage.EventPasswordSet, []string{auditedUser}},
	{"user password-link b@example.com --issuer https://id.example", storage.EventPasswordResetSent,
		[]string{auditedUser}},
	{"user sign-out b@example.com", storage.EventUserSignedOut, []string{auditedUser}},
	{"session end b@example.com {session}", storage.EventSessionEnded, []string{auditedUser, "{session}"}},
	{"user factor disable b@example.com", storage.EventFactorChanged,
		[]string{auditedUser, `"after":{"is_active":false}`}},
	{"user factor enable b@example.com", storage.EventFactorChanged, []string{`"after":{"is_active":true}`}},
	{"user factor reset b@example.com", storage.EventFactorChanged, []string{`"before":{"factor":"+380501234567"}`}},
	{"user factor remove b@example.com", storage.EventFactorDeleted, []string{auditedUser, `"type":"SMS"`}},
	{"client-type create MSP --scope a:b", storage.EventClientTypeCreated, []string{`"name":"MSP"`}},
	{"client-type update MSP --scope a:c", storage.EventClientTypeUpdated, []string{`"before":{"scope":"a:b"}`}},
	{"client-type delete MSP", storage.EventClientTypeDeleted, []string{`"name":"MSP"`}},
	{"client create --id " + auditedClient + " --name Clinic --redirect-uri https://c.example/cb",
		storage.EventClientCreated,
		[]string{auditedClient, `"name":"Clinic"`}},
	{"client update " + auditedClient + " --name Hospital", storage.EventClientUpdated,
		[]string{auditedClient, `"before":{"name":"Clinic"}`}},
	{"client rotate-secret " + auditedClient, storage.EventConnectionSecretReplaced, []string{auditedClient}},
	{"client block " + auditedClient + " --reason debts", storage.EventClientBlocked,
		[]string{auditedClient, `"reason":"debts"`}},
	{"client unblock " + auditedClient, storage.EventClientUnblocked, []string{auditedClient}},
	{"client-host block app.example --reason stolen", storage.EventClientHostBlocked,
		[]string{`"reason":"stolen"`, "app.example"}},
	{"client-host unblock app.example", storage.EventClientHostUnblocked, []string{"app.example"}},
	{"role create NURSE --scope a:b", storage.EventRoleCreated, []string{`"name":"NURSE"`}},
	{"role update NURSE --scope a:c", storage.EventRoleUpdated,
		[]string{`"before":{"scope":"a:b"}`, `"after":{"scope":"a:c"}`}},
	{"role grant NURSE --user b@example.com --client " + auditedClient, storage.EventRoleGranted,
		[]string{auditedUser, auditedClient, `"role_name":"NURSE"`}},
	{"role revoke NURSE --user b@example.com --client " + auditedClient, storage.EventRoleRevoked,
		[]string{auditedUser, auditedClient, `"role_name":"NURSE"`}},
	{"invitation create c@example.com --role NURSE --client " + auditedClient + " --issuer https://id.example " +
		"--mail-url smtp://mail.example --mail-from a@id.example", storage.EventInvitationCreated,
		[]string{"c@example.com", auditedClient}},
	{"invitation revoke {invitation}", storage.EventInvitationRevoked,
		[]string{"{invitation}", `"after":{"state":"revoked"}`}},
	{"role delete NURSE", storage.EventRoleDeleted, []string{`"name":"NURSE"`}},
	{"approval revoke b@example.com " + auditedClient, storage.EventApprovalDeleted, []string{auditedUser, auditedClient}},
	{"connection create " + auditedClient + " --redirect-uri https://d.example/cb", storage.EventConnectionCreated,
		[]string{auditedClient, "https://d.example/cb"}},
	{"connection update {connection} --redirect-uri https://e.example/cb", storage.EventConnectionUpdated,
		[]string{"https://d.example/cb", "https://e.example/cb"}},
	{"connection rotate-secret {connection}", storage.EventConnectionSecretReplaced, []string{"{connection}"}},
	{"connection delete {connection}", storage.EventConnectionDeleted, []string{"{connection}", auditedClient}},
	{"initial-access-token create --name MIS", storage.EventInitialAccessTokenCreated, []string{`"name":"MIS"`}},
	{"initial-access-token delete {token}", storage.EventInitialAccessTokenDeleted, []string{"{token}"}},
	{"scope put a:b --title-uk А --title-en A", storage.EventScopePut, []string{`"name":"a:b"`}},
	{"scope delete a:b", storage.EventScopeDeleted, []string{`"name":"a:b"`}},
	{"resource put https://api.example/v1 --title-uk А --title-en A", storage.EventResourcePut,
		[]string{`"name":"https://api.example/v1"`}},
	{"resource delete https://api.example/v1", storage.EventResourceDeleted, []string{`"name":"https://api.example/v1"`}},
	{"details-type put payment --title-uk А --title-en A --fields-file fields.json", storage.EventDetailTypePut,
		[]string{`"name":"payment"`, `"name":"amount"`}},
	{"details-type delete payment", storage.EventDetailTypeDeleted, []string{`"name":"payment"`}},
	{"apply declared.yaml", storage.EventRoleCreated, []string{`"name":"DECLARED"`}},
	{"key rotate --algorithm ES256", storage.EventSigningKeyReplaced, []string{`"algorithm":"ES256"`}},
	{"key reseal", storage.EventSecretsResealed, []string{`"changed":"0"`}},
	{"audit prune --older-than 1 --kind sign_in", storage.EventAuditPruned, []string{`"kind":"sign_in"`, `"deleted":"0"`}},
	{"after-restore", storage.EventRolledBackEnded, []string{`"login_sessions":"`}},
	{"client delete " + auditedClient, storage.EventClientDeleted, []string{auditedClient, `"name":"Hospital"`}},
	{"user delete b@example.com", storage.EventUserDeleted, []string{auditedUser, `"before":{`, "b@example.com"}},
}

func TestEveryVerbThatChangesSomethingIsAuditedAsItself(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("ITHILDIN_SECRET", strings.Repeat("s", 48))
	require.NoError(t, os.WriteFile("declared.yaml", []byte("roles: [{name: DECLARED, scope: [openid]}]"), 0o600))
	require.NoError(t, os.WriteFile("fields.json",
		[]byte(`[{"name": "amount", "title_uk": "Сума", "title_en": "Amount", "kind": "number"}]`), 0o600))
	audited := newAuditedDatabase(t)
	seen := map[string]bool{}
	for _, verb := range mutatingVerbs {
		line := audited.fill(verb.line)
		out := audited.run(line)
		events := audited.newEvents()
		e, value := audited.find(events, verb)
		require.NotEmpty(t, value, "%s left no %s with %v but %v", line, verb.kind, verb.want, events)
		require.Equal(t, storage.ByCommandLine, e.Details["by"], line)
		require.Equal(t, config.OperatingSystemUser(), e.Details["operator"], line)
		audited.learn(line, out)
		require.NotContains(t, value, "$argon2", line)
		for _, secret := range audited.secrets {
			require.NotContains(t, value, secret, line)
		}
		seen[strings.Join(verbOf(line), ":")] = true
	}
	parser := commandLine()
	for _, leaf := range parser.Model.Leaves(false) {
		name := strings.Join(strings.Fields(commandPath(leaf))[1:], ":")
		if slices.Contains(readingVerbs, name) || slices.Contains(importingVerbs, name) {
			continue
		}
		require.True(t, seen[name], "%s is neither known to read only nor audited: say what it leaves in mutatingVerbs", name)
	}
}

// verbOf is the words of a line that name the verb.
func verbOf(line string) []string {
	parser := commandLine()
	node, path := parser.Model.Node, []string{}
	for _, word := range strings.Fields(line) {
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
		if i < 0 {
			break
		}
		node, path = node.Children[i], append(path, word)
	}
	return path
}

// auditedDatabase is a database on which verbs run, and what they said that later ones need.
type auditedDatabase struct {
	t       *testing.T
	store   *storage.Store
	names   map[string]string
	secrets []string
	known   map[string]bool // ids of events
}

func newAuditedDatabase(t *testing.T) *auditedDatabase {
	url := "sqlite:" + filepath.Join(t.TempDir(), "audited.db")
	t.Setenv("ITHILDIN_DATABASE_URL", url)
	d := &auditedDatabase{t: t, names: map[string]string{}, known: map[string]bool{}}
	d.run("migrate up")
	d.store = storagetest.Open(t, url, func(o *storage.Options) { o.Now = nil })
	return d
}

func (d *auditedDatabase) run(line string) string {
	var out, problems bytes.Buffer
	code := run(d.t.Context(), strings.Fields(line),
		console.Terminal{In: strings.NewReader(""), Out: &out, Err: &problems})
	require.Equal(d.t, console.ExitOK, code, "%s: %s", line, problems.String())
	return out.String()
}

// newEvents are those since it was last asked.
func (d *auditedDatabase) newEvents() []storage.Event {
	events, err := d.store.ListEvents(d.t.Context(), storage.EventFilter{})
	require.NoError(d.t, err)
	fresh := slices.DeleteFunc(events, func(e storage.Event) bool { return d.known[e.ID] })
	for _, e := range fresh {
		d.known[e.ID] = true
	}
	return fresh
}

// find is the event that a verb must leave, with its text as audit export writes it; "" where there is none.
func (d *auditedDatabase) find(events []storage.Event, verb auditedVerb) (storage.Event, string) {
	for _, e := range events {
		encoded, err := json.Marshal(newEventRecord(e))
		require.NoError(d.t, err)
		lacks := func(want string) bool { return !strings.Contains(string(encoded), d.fill(want)) }
		if e.Kind == verb.kind && !slices.ContainsFunc(verb.want, lacks) {
			return e, string(encoded)
		}
	}
	return storage.Event{}, ""
}

// fill puts the names of what was made into a line.
func (d *auditedDatabase) fill(line string) string {
	for name, value := range d.names {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
	}
	return line
}

// learn remembers what a verb made, and makes what no verb can.
func (d *auditedDatabase) learn(line, out string) {
	ctx := d.t.Context()
	for _, row := range strings.Split(out, "\n") {
		if name, value, found := strings.Cut(row, " "); found &&
			slices.Contains([]string{"password", "secret", "token", "client_secret"}, name) {
			d.secrets = append(d.secrets, strings.TrimSpace(value))
		}
	}
	switch terms := strings.Join(verbOf(line), " "); terms {
	case "user sign-out":
		_, session := storagetest.LoginSession(d.t, d.store, storage.User{ID: auditedUser})
		d.names["session"] = session.SessionID
		require.NoError(d.t, d.store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
			ID: d.store.NewID(), UserID: auditedUser, Type: "SMS", Factor: "+380501234567", IsActive: true,
		}))
	case "client create":
		require.NoError(d.t, d.store.Approve(ctx,
			storage.Approval{ID: d.store.NewID(), UserID: auditedUser, ClientID: auditedClient}))
	case "connection create":
		connections, err := d.store.ListConnections(ctx, auditedClient)
		require.NoError(d.t, err)
		for _, c := range connections {
			if slices.Contains(c.RedirectURIs, "https://d.example/cb") {
				d.names["connection"] = c.ID
			}
		}
	case "invitation create":
		invitations, _, err := d.store.PageOfInvitations(ctx, storage.InvitationFilter{}, storage.Page{})
		require.NoError(d.t, err)
		d.names["invitation"] = invitations[0].ID
	case "initial-access-token create":
		tokens, err := d.store.ListInitialAccessTokens(ctx)
		require.NoError(d.t, err)
		d.names["token"] = tokens[0].ID
	}
}
