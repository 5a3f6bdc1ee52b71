package ehealth

import (
	"crypto/rand"
	"errors"
	"net/http"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// newSecret makes a secret in the form of the old system, and what is stored of it.
func (a *connectionsAPI) newSecret(client *storage.Client) (string, storage.ConnectionSecret) {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	secret := oauth.LegacyForm(raw)
	return secret, a.store.NewConnectionSecret(storage.SecretValue{Text: secret, Sealed: a.showsAgain(client)})
}

// showsAgain says whether secrets of a client are sealed, so that they can be shown again.
func (a *connectionsAPI) showsAgain(client *storage.Client) bool {
	return !a.secretsHashed && client.IsLegacy() && a.store.CanSeal() && sendsSecret(client) == nil
}

// shownSecret is the newest secret of a connection, "" where only its hash is stored, or where it is sealed under a
// master secret that is gone.
func (a *connectionsAPI) shownSecret(client *storage.Client, c storage.Connection) string {
	if !a.showsAgain(client) || len(c.Secrets) == 0 {
		return ""
	}
	secret, err := a.store.OpenSecret(c.Secrets[0])
	if err != nil {
		return ""
	}
	return string(secret)
}

// sendsSecret refuses to give a secret to a client that would not send it: the old system knew no other.
func sendsSecret(client *storage.Client) error {
	if clientauth.SignsWithSecret(&client.Metadata) || !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		return conflict("client authenticates by " + client.Metadata.TokenEndpointAuthMethod)
	}
	return nil
}

// refreshSecret gives a connection another secret; the one before ends at once. Whoever asks shows a secret of the
// connection's consumer, unless the consumer is the client itself.
func (a *connectionsAPI) refreshSecret(w http.ResponseWriter, r *http.Request) error {
	client, c, err := a.find(r)
	if err != nil {
		return err
	}
	if c.ConsumerID != c.ClientID {
		if err := a.checkKey(r, c); err != nil {
			return err
		}
	}
	if failed := sendsSecret(client); failed != nil {
		return failed
	}
	secret, stored := a.newSecret(client)
	if err := a.store.AddConnectionSecret(r.Context(), c.ID, stored, a.store.Now()); err != nil {
		return err
	}
	c.UpdatedAt = a.store.Now()
	object := newConnectionObject(c)
	object.Secret = secret
	return a.respond(w, r, http.StatusOK, object)
}

// checkKey looks at the api-key of a request that changes the secret of a connection.
func (a *connectionsAPI) checkKey(r *http.Request, c storage.Connection) error {
	key := r.Header.Get("Api-Key")
	if key == "" {
		return unauthorized("access_denied", "api-key header not set")
	}
	caller, err := a.keys.FindConnectionByKey(r.Context(), key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return unauthorized("access_denied", "invalid api-key header").because(err)
	case err != nil:
		return err
	case caller.ClientID != c.ConsumerID:
		return forbidden("forbidden", "")
	}
	return nil
}
