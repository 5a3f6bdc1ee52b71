package ehealth

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/clientauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// connectionsAPI manages the connections of clients (contract section 2.7.3).
type connectionsAPI struct {
	answers
	store *storage.Store
	keys  *clientauth.Authenticator
	// secretsHashed says that no secret is stored so that it can be shown again.
	secretsHashed bool
}

// connectionObject is a connection as the old system shows it. Only put and refreshSecret show the secret.
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
	return connectionObject{
		ID: c.ID, ClientID: c.ClientID, ConsumerID: orNull(c.ConsumerID), RedirectURI: firstRedirectURI(c),
		InsertedAt: naiveTime(c.CreatedAt), UpdatedAt: naiveTime(c.UpdatedAt),
	}
}

// firstRedirectURI is the one redirect URI that this API knows of, "" where there is none.
func firstRedirectURI(c storage.Connection) string {
	if len(c.RedirectURIs) == 0 {
		return ""
	}
	return c.RedirectURIs[0]
}

// client is the client that a path names.
func (a *connectionsAPI) client(r *http.Request) (*storage.Client, error) {
	return a.store.LoadClient(r.Context(), chi.URLParam(r, "client_id"))
}

// list is empty for an unknown client.
func (a *connectionsAPI) list(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	id, consumerID, hasPart := f.id("id"), f.id("consumer_id"), storage.LikePart(f.stringOf("redirect_uri"))
	if failed := f.failed(); failed != nil {
		return failed
	}
	known, err := a.store.ListConnections(r.Context(), chi.URLParam(r, "client_id"))
	if err != nil {
		return err
	}
	connections := slices.DeleteFunc(known, func(c storage.Connection) bool {
		return id != "" && c.ID != id || consumerID != "" && c.ConsumerID != consumerID ||
			!slices.ContainsFunc(c.RedirectURIs, hasPart) && !hasPart("")
	})
	found, p := pageOf(r, connections)
	return a.answerList(w, r, objects(found, newConnectionObject), p)
}

// find finds the connection that a path names, with its client.
func (a *connectionsAPI) find(r *http.Request) (*storage.Client, storage.Connection, error) {
	client, err := a.client(r)
	if err != nil {
		return nil, storage.Connection{}, err
	}
	if c := client.ConnectionByID(chi.URLParam(r, "id")); c != nil {
		return client, *c, nil
	}
	return nil, storage.Connection{}, errNotFound
}

func (a *connectionsAPI) show(w http.ResponseWriter, r *http.Request) error {
	_, c, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newConnectionObject(c))
}

// put makes the connection of a client with a consumer, or changes the one that is there. The answer has the secret. A
// client or a consumer that is missing, null or no UUID is not found, as in the old system.
func (a *connectionsAPI) put(w http.ResponseWriter, r *http.Request) error {
	if len(readPathIDs(r)) > 0 {
		return errNotFound
	}
	client, err := a.client(r)
	if err != nil {
		return err
	}
	fields, failed := readParameters(w, r)
	if failed != nil {
		return failed
	}
	consumer, _ := stringOf(fields["consumer_id"])
	consumerID, isUUID := parseUUID(consumer)
	if !isUUID {
		return errNotFound
	}
	delete(fields, "consumer_id")
	if known := connectionWith(client, consumerID); known != nil {
		return a.putKnown(w, r, client, *known, fields)
	}
	c := newCheck(fields)
	uri := c.redirectURI("redirect_uri")
	if failed := c.failed(); failed != nil {
		return failed
	}
	if failed := sendsSecret(client); failed != nil {
		return failed
	}
	connection := storage.NewConnection(a.store.NewID(), client.ID, storage.PresetMithril, []string{uri},
		a.store.Now())
	connection.ConsumerID = consumerID
	secret, stored := a.newSecret(client)
	connection.Secrets = []storage.ConnectionSecret{stored}
	err = a.store.CreateConnection(r.Context(), *connection)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return invalidFields(map[string]rule{"consumer_id": ruleMissing}).because(err)
	case errors.Is(err, storage.ErrConflict): // another request was faster
		if client, err = a.client(r); err != nil {
			return err
		}
		if known := connectionWith(client, consumerID); known != nil {
			return a.putKnown(w, r, client, *known, fields)
		}
		return conflict("")
	case err != nil:
		return err
	}
	return a.answerPut(w, r, http.StatusCreated, *connection, secret)
}

func connectionWith(client *storage.Client, consumerID string) *storage.Connection {
	for _, c := range client.Connections {
		if c.ConsumerID == consumerID {
			return c
		}
	}
	return nil
}

// putKnown changes a connection, and shows the secret that it has where that is stored.
func (a *connectionsAPI) putKnown(
	w http.ResponseWriter, r *http.Request, client *storage.Client, known storage.Connection,
	fields map[string]json.RawMessage,
) error {
	changed, err := a.change(r, known, fields)
	if err != nil {
		return err
	}
	return a.answerPut(w, r, http.StatusOK, changed, a.shownSecret(client, changed))
}

func (a *connectionsAPI) answerPut(
	w http.ResponseWriter, r *http.Request, status int, c storage.Connection, secret string,
) error {
	w.Header().Set("Location", "/admin/clients/"+c.ClientID+"/connections/"+c.ID)
	object := newConnectionObject(c)
	object.Secret = secret
	return a.respond(w, r, status, object)
}

// redirectURI is an https URI that can be matched.
func (c *check) redirectURI(name string) string {
	uri := c.stringOf(name)
	if !strings.HasPrefix(uri, "https://") || redirect.Validate(uri) != nil {
		c.broke(name, rule{Rule: "format", Description: "has invalid format", Params: []string{`~r/^https:\/\/.+/`}})
	}
	return uri
}

func (a *connectionsAPI) update(w http.ResponseWriter, r *http.Request) error {
	_, connection, err := a.find(r)
	if err != nil {
		return err
	}
	fields, failed := readParameters(w, r)
	if failed != nil {
		return failed
	}
	changed, err := a.change(r, connection, fields)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newConnectionObject(changed))
}

// change stores what the body says of the redirect URI and the consumer. What it leaves out, or repeats, stays as it is
// and is not checked again. Secrets are made here: one in a body is ignored.
func (a *connectionsAPI) change(
	r *http.Request, connection storage.Connection, fields map[string]json.RawMessage,
) (storage.Connection, error) {
	c, changed := newCheck(fields), false
	if uri, _ := stringOf(fields["redirect_uri"]); c.present("redirect_uri") &&
		(uri == "" || uri != firstRedirectURI(connection)) {
		connection.RedirectURIs, changed = []string{c.redirectURI("redirect_uri")}, true
	}
	consumerBefore := connection.ConsumerID
	if c.present("consumer_id") {
		connection.ConsumerID = c.reference("consumer_id")
		changed = changed || connection.ConsumerID != consumerBefore
	}
	if failed := c.failed(); failed != nil {
		return connection, failed
	}
	if !changed {
		return connection, nil
	}
	err := a.store.UpdateConnection(r.Context(), connection)
	switch {
	case errors.Is(err, storage.ErrNotFound) && connection.ConsumerID != consumerBefore:
		return connection, invalidFields(map[string]rule{"consumer_id": ruleMissing}).because(err)
	case errors.Is(err, storage.ErrConflict):
		return connection, invalidFields(map[string]rule{"consumer_id": ruleTaken}).because(err)
	}
	connection.UpdatedAt = a.store.Now()
	return connection, err
}

func (a *connectionsAPI) delete(w http.ResponseWriter, r *http.Request) error {
	_, c, err := a.find(r)
	if err != nil {
		return err
	}
	if err := a.store.DeleteConnection(r.Context(), c.ID); err != nil {
		return err
	}
	return answerNothing(w)
}
