package ehealth_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// The people and clients of a small country: a hospital that works through a MIS, the front end where people sign in,
// and the patients' cabinet.
const (
	hospitalID = "6498d88e-97fb-47e2-85a5-99e884f888aa"
	misID      = "7fb21983-0e7d-41dd-9769-568793dcab01"
	frontID    = "8c5fd38f-35c5-4a0e-a35c-0a27fa3c5b21"
	cabinetID  = "30074b6e-fbab-4dc1-9d37-88c21dab1847"

	hospitalSecret = "YzJWamNtVjBMVzltTFcxcGN5MWhJUT09"
	misKey         = "bWlzLWFwaS1rZXktZm9yLXRoZS1taXQ9"

	doctorID       = "3ff33ced-69dc-415a-b231-c6446898335a"
	doctorEmail    = "doctor@example.com"
	doctorPassword = "Somepassword1"
	doctorPhone    = "+380501234567"

	ownerID = "5f0a9d0e-3f43-4b0f-8f64-0a9c1d9e4d11" // of the clients

	worldTime = 1700000000
)

// world is a stack with these people and clients.
type world struct {
	*stack
	doctorRole storage.Role
}

func newWorld(t testing.TB, engine storagetest.Engine, options ...func(*provider.Options)) *world {
	return fillWorld(t, newStack(t, engine, worldTime, options...))
}

func fillWorld(t testing.TB, s *stack) *world {
	w := &world{stack: s}
	kinds := map[string]string{
		"MSP": "legal_entity:read legal_entity:write employee:read", "MIS": "legal_entity:read employee:read",
		"Auth_FE": "app:authorize user:read user:change_password", "CABINET": "person:read app:authorize",
	}
	for name, scope := range kinds {
		w.must(w.store.CreateClientType(t.Context(), storage.ClientType{
			ID: uuid.NewString(), Name: name, Scope: storage.SplitScope(scope),
		}))
	}
	w.must(w.store.CreateUser(t.Context(), storage.User{ID: ownerID, Email: "owner@clients.example"}))
	w.addClient(misID, "MIS", misID, misKey, `{"access_type":"DIRECT","broker_scope":"legal_entity:read app:authorize"}`,
		`{}`)
	w.addClient(hospitalID, "MSP", misID, hospitalSecret, `{"access_type":"BROKER"}`, `{}`)
	w.addClient(frontID, "Auth_FE", "", "", `{"access_type":"DIRECT"}`,
		`{"allowed_grant_types":["password","digital_signature"]}`)
	w.addClient(cabinetID, "CABINET", "", "", `{"access_type":"DIRECT"}`, `{"allowed_grant_types":["password"]}`)
	hash, err := bcrypt.GenerateFromPassword([]byte(doctorPassword), bcrypt.MinCost)
	w.must(err)
	w.must(w.store.CreateUser(t.Context(), storage.User{
		ID: doctorID, Email: doctorEmail, Password: string(hash), PasswordSetAt: time.Unix(worldTime-86400, 0),
		TaxID: "3087512347", PersonID: "585041f5-1272-4bca-8d41-8440eefe7d26",
	}))
	w.doctorRole = storage.Role{
		ID: uuid.NewString(), Name: "DOCTOR", Scope: []string{"legal_entity:read", "employee:read"},
	}
	w.must(w.store.CreateRole(t.Context(), w.doctorRole))
	w.must(w.store.GrantRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	require.NoError(w.t, err)
}

// addClient makes a client as the importer does, with one connection where there is a secret.
func (w *world) addClient(id, typeName, consumerID, secret, privateSettings, settings string) {
	ctx := context.Background()
	kind, err := w.store.FindClientTypeByName(ctx, typeName)
	w.must(err)
	policy, err := storage.ImportedPolicy()
	w.must(err)
	client := storage.Client{
		ID: id, Name: typeName + " client", TypeID: kind.ID, OwnerID: ownerID, Policy: policy,
		PrivateSettings: json.RawMessage(privateSettings), Settings: json.RawMessage(settings),
		Metadata: storage.Metadata{
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
			TokenEndpointAuthMethod: storage.AuthMethodPost,
		},
	}
	connection := &storage.Connection{ID: uuid.NewString(), ClientID: id, ConsumerID: consumerID,
		RedirectURIs: []string{redirectURI}}
	connection.ApplyPreset(storage.PresetMithril)
	if secret != "" {
		connection.Secrets = []storage.ConnectionSecret{{ID: uuid.NewString(), Hash: storage.Hash(secret)}}
	}
	client.Connections = []*storage.Connection{connection}
	w.must(w.store.CreateClient(ctx, client))
}

// token stores an access token of the doctor and returns its value.
func (w *world) token(clientID, scope string, changes ...func(*storage.AccessToken)) string {
	value := "value of " + uuid.NewString()
	token := storage.AccessToken{
		ID: storage.Hash(value), AccessTokenID: uuid.NewString(), Kind: storage.KindAccessToken, ClientID: clientID,
		UserID: doctorID, Scope: scope, Session: &storage.Session{UserID: doctorID, Subject: doctorID, GrantType: "password"},
		CreatedAt: time.Unix(worldTime, 0), ExpiresAt: time.Unix(worldTime+3600, 0),
	}
	for _, change := range changes {
		change(&token)
	}
	w.must(w.store.CreateAccessToken(context.Background(), token))
	return value
}

func expiredToken(t *storage.AccessToken) { t.ExpiresAt = time.Unix(worldTime, 0) }

// change alters a client.
func (w *world) change(id string, change func(c *storage.Client)) {
	client, err := w.store.LoadClient(context.Background(), id)
	w.must(err)
	change(client)
	w.must(w.store.UpdateClient(context.Background(), *client))
}

// headers are pairs of names and values, with the JSON content type.
func headers(pairs ...string) map[string]string {
	all := map[string]string{"Content-Type": "application/json"}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// body wraps the fields of a request.
func body(key string, fields map[string]any) string {
	encoded, err := json.Marshal(map[string]any{key: fields})
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func (w *world) rejected(a reply, status int, kind, message string) {
	w.t.Helper()
	require.Equal(w.t, status, a.status, a.raw)
	require.Equal(w.t, kind, a.member("error.type"), a.raw)
	require.Equal(w.t, message, a.member("error.message"), a.raw)
}

// rules are the names of those that an entry of a 422 breaks.
func (w *world) rules(a reply, name string) (rules []string) {
	w.t.Helper()
	require.Equal(w.t, 422, a.status, a.raw)
	list, _ := a.at("error.invalid")
	for _, entry := range list.([]any) {
		if object := entry.(map[string]any); object["entry"] == name {
			for _, broken := range object["rules"].([]any) {
				known, _ := broken.(map[string]any)["rule"].(string)
				rules = append(rules, known)
			}
		}
	}
	return rules
}

// entries are the fields that a 422 names, with the rule that each breaks, or its words where the rule is null.
func (w *world) entries(a reply) map[string]string {
	w.t.Helper()
	require.Equal(w.t, 422, a.status, a.raw)
	list, _ := a.at("error.invalid")
	found := map[string]string{}
	for _, entry := range list.([]any) {
		object := entry.(map[string]any)
		name, _ := object["entry"].(string)
		first := object["rules"].([]any)[0].(map[string]any)
		if first["rule"] == nil {
			found[name] = first["description"].(string)
			continue
		}
		found[name] = first["rule"].(string)
	}
	return found
}
