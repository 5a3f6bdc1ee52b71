package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// pushedRequestURI begins the request_uri of a pushed request (RFC 9126 2.2).
const pushedRequestURI = "urn:ietf:params:oauth:request_uri:"

// PushedRequests says how clients push authorization requests (RFC 9126).
type PushedRequests struct {
	// Lifetime is how long after a push a browser may begin with the request; default DefaultPushedRequestLifetime.
	Lifetime time.Duration
	// Required says that every client must push, but for those with the policy of the legacy API, which knows no such
	// request. A client may be required to by its own metadata.
	Required bool
	// PublicRate is how many requests of public clients a network may push in an hour; default DefaultPublicPushRate.
	PublicRate int64
}

// DefaultPushedRequestLifetime is PushedRequests.Lifetime where none is set.
const DefaultPushedRequestLifetime = 90 * time.Second

// DefaultPublicPushRate is PushedRequests.PublicRate where none is set.
const DefaultPublicPushRate = 3600

// credentialParameters authenticate a client: they are no part of the authorization request beside them.
var credentialParameters = []string{"client_secret", "client_assertion", "client_assertion_type"}

// pushedRequestEndpoint is the endpoint of pushed authorization requests.
type pushedRequestEndpoint struct {
	*authorizeEndpoint
	clients     *clientauth.Authenticator
	cors        *oauth.CORS
	proofs      *Proofs
	random      io.Reader
	lifetime    time.Duration
	limit       publicLimit
	countResult func(error)
}

// pushedRequestResponse is RFC 9126 2.2.
type pushedRequestResponse struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // seconds
}

// serve answers a push: the client authenticates as at the token endpoint.
func (e *pushedRequestEndpoint) serve(w http.ResponseWriter, r *http.Request) error {
	form, malformed := oauth.ReadForm(w, r)
	if malformed != nil {
		e.countResult(malformed)
		return malformed
	}
	proof, err := e.proofs.ofRequest(w, r, oauth.PathPushedRequest)
	if err != nil {
		e.countResult(err)
		return err
	}
	uri, clientID, err := e.push(r, r.Header.Get("Authorization"), form, proof)
	if err != nil {
		return err
	}
	e.cors.AllowOrigin(w, r, clientID)
	return oauth.WriteJSON(w, http.StatusCreated, pushedRequestResponse{
		RequestURI: uri, ExpiresIn: int64(e.lifetime / time.Second),
	})
}

// push authenticates the client, checks the request and stores it, and uses the proof up; nil: there is none. It
// returns its request_uri and the client's id.
func (e *pushedRequestEndpoint) push(
	r *http.Request, authorization string, form url.Values, proof *dpop.Proof,
) (uri, clientID string, err error) {
	defer func() { e.countResult(err) }()
	client, err := e.clients.Authenticate(r.Context(), oauth.PathPushedRequest, authorization, form)
	if err != nil {
		return "", "", err
	}
	if err := e.limit.check(r, client, form); err != nil {
		return "", "", err
	}
	parameters, err := e.check(r, client, form)
	if err != nil {
		return "", "", err
	}
	batch := e.store.NewBatch()
	if proof != nil {
		if err := bindCode(parameters, proof); err != nil {
			return "", "", err
		}
		useProof(batch, proof)
	}
	value, err := oauth.RandomText(e.random, oauth.TokenBytes)
	if err != nil {
		return "", "", err
	}
	uri = pushedRequestURI + value
	now := e.store.Now()
	batch.QueuePushedRequest(storage.PushedRequest{
		ID: storage.Hash(uri), ClientID: client.ID, Parameters: parameters.Encode(),
		CreatedAt: now, ExpiresAt: now.Add(e.lifetime),
	})
	err = batch.Flush(r.Context())
	if errors.Is(err, storage.ErrReplayed) {
		err = e.proofs.replayed(err)
	}
	return uri, client.ID, err
}

// bindCode binds the code of a pushed request to the key of its DPoP proof (RFC 9449 10.1).
func bindCode(parameters url.Values, proof *dpop.Proof) error {
	if key := parameters.Get(parameterDPoPKey); key != "" && key != proof.Thumbprint {
		return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidDPoPProof,
			"The dpop_jkt of the request is not the thumbprint of the key of its DPoP proof.").Because(ErrNotHeld)
	}
	parameters.Set(parameterDPoPKey, proof.Thumbprint)
	return nil
}

// check runs all checks of an authorization request that need no browser and returns its parameters: those of its
// request object, where it has one, and none that authenticates the client. Of a client with several connections the
// redirect URI must be one of the connection that authenticated.
func (e *pushedRequestEndpoint) check(r *http.Request, client *storage.Client, form url.Values) (url.Values, error) {
	if form.Has("request_uri") {
		return nil, oauth.InvalidRequest("A pushed request must not have a request_uri (RFC 9126 2.1).")
	}
	own := *client
	own.Connections = []*storage.Connection{client.Connection}
	a := e.newAuthorization(login.Interaction{Frontend: StandardFrontend, At: e.now().UnixMicro()})
	a.client, a.form = &own, form
	a.form.Set("client_id", client.ID)
	ctx := a.issuance.context(r.Context())
	if err := e.readRequest(ctx, r, a, false); err != nil {
		return nil, err
	}
	if profile := client.Profile(); profile.PushedPKCE && !a.form.Has("code_challenge") {
		return nil, oauth.InvalidRequest("The profile " + profile.Name + " demands a code_challenge (RFC 7636) of what is " +
			"pushed.")
	}
	if _, err := e.demandOf(ctx, a); err != nil {
		return nil, err
	}
	scopes, err := findScopes(ctx, e.store, client, nil)
	if err != nil {
		return nil, err
	}
	if err := scopes.checkClient(storage.SplitScope(a.form.Get("scope"))); err != nil {
		return nil, asScopeError(err)
	}
	for _, name := range credentialParameters {
		a.form.Del(name)
	}
	return a.form, nil
}

// Push pushes an authorization request of a client that this process itself is (RFC 9126), with the parameters that
// authenticate it among those of the form. It returns the request_uri.
func (p *Provider) Push(r *http.Request, form url.Values) (string, error) {
	uri, _, err := p.pushedRequests.push(r, "", form, nil)
	return uri, err
}

// isPushed says whether an authorization request refers to one that was pushed.
func isPushed(form url.Values) bool {
	return strings.HasPrefix(form.Get("request_uri"), pushedRequestURI)
}

// mustPush says whether a client's authorization requests count only where they were pushed.
func (e *authorizeEndpoint) mustPush(client *storage.Client) bool {
	return client.Metadata.RequirePushedAuthorizationRequests || e.requirePushed && !client.IsLegacy()
}

// resolvePushedRequest replaces the parameters by those that the client pushed: of what the browser brings beside its
// request_uri and client_id nothing counts. The row is read at each step and stays until the request is answered, so
// that a page may be loaded again; whether it has expired is asked of when the browser began.
func (e *authorizeEndpoint) resolvePushedRequest(ctx context.Context, a *authorization) error {
	if !isPushed(a.form) {
		if e.mustPush(a.client) {
			err := oauth.InvalidRequest("The client must push its authorization requests (RFC 9126).")
			return errors.Join(err, e.resolveRedirectURI(a)) // a client whose own address is right gets the error
		}
		return nil
	}
	uri := a.form.Get("request_uri")
	pushed, err := e.store.FindPushedRequest(ctx, storage.Hash(uri))
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && pushed.ClientID != a.client.ID:
		return invalidPushedRequest("The client has pushed no request with this request_uri, or long ago.")
	case err != nil:
		return err
	case !pushed.UsedAt.IsZero():
		return invalidPushedRequest("The request with this request_uri was answered already.")
	case !pushed.ExpiresAt.After(a.at):
		return invalidPushedRequest("The request_uri has expired.")
	}
	form, malformed := oauth.ParseParameters(pushed.Parameters)
	if malformed != nil {
		return malformed
	}
	a.pushed, a.form = pushed, form
	a.query = url.Values{"client_id": {a.client.ID}, "request_uri": {uri}}.Encode()
	return nil
}

// invalidPushedRequest is an error that stays with the person: which client's address could be told of it is not known,
// or the client has its answer.
func invalidPushedRequest(description string) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidRequestURI, description).Because(ErrRequestOver)
}

// usePushedRequest makes it a precondition of what the request writes that a pushed request is answered once.
func (a *authorization) usePushedRequest() {
	if a.pushed != nil {
		a.issuance.batch.UsePushedRequest(a.pushed.ID)
	}
}

// pushedRequestUsed is the error where another answer was faster.
func (a *authorization) pushedRequestUsed() error {
	a.redirectResolved = false
	return invalidPushedRequest("The request with this request_uri was answered already, or its user signed out.")
}
