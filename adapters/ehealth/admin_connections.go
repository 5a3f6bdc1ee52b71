package ehealth

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// connectionsAPI manages the connections of clients (contract section 2.7.3).
type connectionsAPI struct {
	answers
	store *storage.Store
	keys  *clientauth.Authenticator
}

// connectionObject is a connection as the old system shows it. The secret is there once: when it has just been made.
type connectionObject struct {
	ID          string  `json:"id"`
	ClientID    string  `json:"client_id"`
	ConsumerID  *string `json:"consumer_id"`
	RedirectURI string  `json:"redirect_uri"`
	Secret      string  `json:"secret,omitempty"`
	InsertedAt  string  `json:"inserted_at"`
	UpdatedAt   string  `json:"updated_at"`
}

func newConnectionObject(c storage.Connection) connectionObject {
	object := connectionObject{
		ID: c.ID, ClientID: c.ClientID, ConsumerID: orNull(c.ConsumerID), InsertedAt: naiveTime(c.CreatedAt),
		UpdatedAt: naiveTime(c.UpdatedAt),
	}
	if len(c.RedirectURIs) > 0 {
		object.RedirectURI = c.RedirectURIs[0]
	}
	return object
}

// newSecret makes a secret in the form of the old system.
func newSecret() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	return oauth.LegacyForm(raw)
}

// sendsSecret refuses to give a secret to a client that would not send it: the old system knew no other.
func sendsSecret(client *storage.Client) error {
	if clientauth.SignsWithSecret(&client.Metadata) || !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		return conflict("client authenticates by " + client.Metadata.TokenEndpointAuthMethod)
	}
	return nil
}

// client is the client that a path names.
func (a *connectionsAPI) client(r *http.Request) (*storage.Client, error) {
	return a.store.LoadClient(r.Context(), mux.Vars(r)["client_id"])
}

func (a *connectionsAPI) list(w http.ResponseWriter, r *http.Request) error {
	client, err := a.client(r)
	if err != nil {
		return err
	}
	f := newFilters(r)
	id, consumerID, part := f.id("id"), f.id("consumer_id"), strings.ToLower(f.text("redirect_uri"))
	if failed := f.failed(); failed != nil {
		return failed
	}
	var connections []storage.Connection
	for _, c := range client.Connections {
		hasPart := slices.ContainsFunc(c.RedirectURIs,
			func(uri string) bool { return strings.Contains(strings.ToLower(uri), part) })
		if (id == "" || c.ID == id) && (consumerID == "" || c.ConsumerID == consumerID) && (part == "" || hasPart) {
			connections = append(connections, *c)
		}
	}
	found, p := pageOf(r, connections)
	return a.answerList(w, r, objects(found, newConnectionObject), p)
}

// find finds the connection that a path names.
func (a *connectionsAPI) find(r *http.Request) (storage.Connection, error) {
	client, err := a.client(r)
	if err != nil {
		return storage.Connection{}, err
	}
	if c := client.ConnectionByID(strings.ToLower(mux.Vars(r)["id"])); c != nil {
		return *c, nil
	}
	return storage.Connection{}, failureNotFound
}

func (a *connectionsAPI) show(w http.ResponseWriter, r *http.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newConnectionObject(c))
}

// connectionFields reads a body, whose fields may be wrapped. A secret in it is ignored: secrets are made here.
func connectionFields(w http.ResponseWriter, r *http.Request) (*check, *contractError) {
	fields, failed := readObject(w, r, "", failureMalformed)
	if failed != nil {
		return nil, failed
	}
	if wrapped, given := fields["connection"]; given {
		var inner map[string]json.RawMessage
		if json.Unmarshal(wrapped, &inner) != nil || inner == nil {
			return nil, &failureMalformed
		}
		fields = inner
	}
	return newCheck(fields), nil
}

// redirectURI is an https URI that can be matched.
func (c *check) redirectURI(name string) string {
	uri := c.text(name)
	if !strings.HasPrefix(uri, "https://") || redirect.Validate(uri) != nil {
		c.broke(name, rule{Rule: "format", Description: "has invalid format", Params: []string{"~r/^https://.+/"}})
	}
	return uri
}

// put makes the connection of a client with a consumer, with a secret that is shown this once, or changes its
// redirect URI; the old system showed the secret each time, which it could only because it kept it.
func (a *connectionsAPI) put(w http.ResponseWriter, r *http.Request) error {
	client, err := a.client(r)
	if err != nil {
		return err
	}
	c, failed := connectionFields(w, r)
	if failed != nil {
		return failed
	}
	consumerID, uri := c.uuid("consumer_id"), c.redirectURI("redirect_uri")
	if failed := c.failed(); failed != nil {
		return failed
	}
	if known := connectionWith(client, consumerID); known != nil {
		return a.change(w, r, *known, uri)
	}
	if failed := sendsSecret(client); failed != nil {
		return failed
	}
	store, secret := a.store, newSecret()
	connection := storage.NewConnection(store.NewID(), client.ID, storage.PresetMithril, []string{uri}, store.Now().Unix())
	connection.ConsumerID = consumerID
	connection.Secrets = []storage.ConnectionSecret{store.NewConnectionSecret(storage.SecretValue{Text: secret})}
	err = store.CreateConnection(r.Context(), *connection)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return failureValidation(map[string]rule{"consumer_id": ruleMissing})
	case errors.Is(err, storage.ErrConflict): // another request was faster
		if client, err = a.client(r); err != nil {
			return err
		}
		if known := connectionWith(client, consumerID); known != nil {
			return a.change(w, r, *known, uri)
		}
		return conflict("")
	case err != nil:
		return err
	}
	object := newConnectionObject(*connection)
	object.Secret = secret
	return a.respond(w, r, http.StatusCreated, object)
}

func connectionWith(client *storage.Client, consumerID string) *storage.Connection {
	for _, c := range client.Connections {
		if c.ConsumerID == consumerID {
			return c
		}
	}
	return nil
}

// change gives a connection another redirect URI: this API knows of one.
func (a *connectionsAPI) change(w http.ResponseWriter, r *http.Request, c storage.Connection, uri string) error {
	c.RedirectURIs = []string{uri}
	if err := a.store.UpdateConnection(r.Context(), c); err != nil {
		return err
	}
	c.UpdatedAt = a.store.Now().Unix()
	return a.respond(w, r, http.StatusOK, newConnectionObject(c))
}

func (a *connectionsAPI) update(w http.ResponseWriter, r *http.Request) error {
	connection, err := a.find(r)
	if err != nil {
		return err
	}
	c, failed := connectionFields(w, r)
	if failed != nil {
		return failed
	}
	uri := c.redirectURI("redirect_uri")
	if failed := c.failed(); failed != nil {
		return failed
	}
	return a.change(w, r, connection, uri)
}

func (a *connectionsAPI) delete(w http.ResponseWriter, r *http.Request) error {
	c, err := a.find(r)
	if err != nil {
		return err
	}
	if err := a.store.DeleteConnection(r.Context(), c.ID); err != nil {
		return err
	}
	return answerNothing(w)
}

// refreshSecret gives a connection another secret; the one before ends at once. Whoever asks shows the connection's own
// secret, or an api-key of its consumer.
func (a *connectionsAPI) refreshSecret(w http.ResponseWriter, r *http.Request) error {
	key := r.Header.Get("Api-Key")
	if key == "" {
		return unauthorized("access_denied", "api-key header not set")
	}
	caller, err := a.keys.FindConnectionByKey(r.Context(), key)
	if errors.Is(err, storage.ErrNotFound) {
		return unauthorized("access_denied", "invalid api-key header")
	}
	if err != nil {
		return err
	}
	c, err := a.find(r)
	if err != nil {
		return err
	}
	if caller.ID != c.ID && caller.ClientID != c.ConsumerID {
		return forbidden("forbidden", "")
	}
	client, err := a.client(r)
	if err != nil {
		return err
	}
	if failed := sendsSecret(client); failed != nil {
		return failed
	}
	store, secret := a.store, newSecret()
	err = store.AddConnectionSecret(r.Context(), c.ID,
		store.NewConnectionSecret(storage.SecretValue{Text: secret}), store.Now().Unix())
	if err != nil {
		return err
	}
	object := newConnectionObject(c)
	object.Secret = secret
	return a.respond(w, r, http.StatusOK, object)
}
