package registration

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/clientauth"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// registered is a client that proved by its token that the registration is its own.
type registered struct {
	client       *storage.Client
	registration *storage.ClientRegistration
	token        string
}

// connection is the one that the client registered: the oldest, where an operator has added others.
func (c *registered) connection() *storage.Connection { return c.client.Connections[0] }

// authenticateRegistration compares the registration access token (RFC 7592 section 2). No client, no registration and
// a wrong token are answered alike.
func (s *Service) authenticateRegistration(r *http.Request) (*registered, error) {
	known, err := s.proveRegistration(r)
	if failed := clientauth.AsFailure(err); failed != nil && r.Header.Get("Authorization") != "" {
		return nil, s.clients.Failed(r.Context(), clientauth.MethodRegistrationToken, chi.URLParam(r, "client_id"), failed)
	}
	if err == nil {
		s.clients.Authenticated(clientauth.MethodRegistrationToken)
	}
	return known, err
}

func (s *Service) proveRegistration(r *http.Request) (*registered, error) {
	wrong := oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidToken,
		"The registration access token is not the one of this client.")
	token, found := oauth.BearerToken(r)
	if !found {
		return nil, wrong
	}
	registration, err := s.store.FindClientRegistration(r.Context(), chi.URLParam(r, "client_id"))
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, wrong.Because(err)
	case err != nil:
		return nil, err
	case !sameHash(registration.TokenHash, token):
		return nil, wrong.Because(errors.New("wrong token"))
	}
	// Not from memory: what is changed must be as it is now.
	client, err := s.store.LoadClient(r.Context(), registration.ClientID)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, wrong.Because(err)
	case err != nil:
		return nil, err
	case client.IsBlocked:
		return nil, oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied,
			"The client is blocked.").Because(oauth.ErrClientBlocked)
	case len(client.Connections) == 0:
		return nil, oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied,
			"The operator has taken the client's connection away.")
	}
	return &registered{client: client, registration: registration, token: token}, nil
}

// byClient says that a client changes its own registration, for the audit.
func (s *Service) byClient(r *http.Request, client *storage.Client) context.Context {
	return storage.ActingAs(r.Context(), storage.Actor{
		By: storage.ByClient, ClientID: client.ID, RequestID: inbound.RequestID(r),
		Address: inbound.RequestFrom(r.Context()).Address(),
	})
}

// readClient shows a client what it registered (RFC 7592 section 2.1). The secret is not shown: only its hash is kept.
func (s *Service) readClient(w http.ResponseWriter, r *http.Request) error {
	known, err := s.authenticateRegistration(r)
	if err != nil {
		return err
	}
	return oauth.WriteJSON(w, http.StatusOK, s.informationOf(known.client, nil, known.token, ""))
}

// updateClient replaces all that a client registered (RFC 7592 section 2.2). Its token stays the same, so that an
// answer that gets lost locks nobody out. A new secret comes only where the method wants one that the client does not
// have.
func (s *Service) updateClient(w http.ResponseWriter, r *http.Request) error {
	known, err := s.authenticateRegistration(r)
	if err != nil {
		return err
	}
	request, err := readRegistration(w, r)
	if err != nil {
		return err
	}
	if err := known.matches(request); err != nil {
		return err
	}
	if err := s.limitRegistration(w, "client "+known.client.ID); err != nil {
		return err
	}
	if err := s.checkSector(r.Context(), request); err != nil {
		return err
	}
	// Again, for that may have taken a while: what is changed must be as it is now.
	if known, err = s.authenticateRegistration(r); err != nil {
		return err
	}
	client := known.client
	client.UpdatedAt = s.store.Now()
	// It may ask for what anybody may, and for what an operator has given it.
	rules := s.registrationRules(known.registration.InitialAccessTokenID != "")
	request.apply(client, oauth.Union(s.options.Scope, client.Scope), rules)
	if err := checkRegistration(client, rules); err != nil {
		return err
	}
	update := storage.RegistrationUpdate{EndSecrets: !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod)}
	var secret clientSecret
	if !update.EndSecrets && !serves(known.connection().Secrets, &client.Metadata) {
		if secret, err = s.newClientSecret(client); err != nil {
			return err
		}
		update.EndSecrets, update.NewSecret = true, &secret.row
	}
	update.Client, update.Connection = *client, *known.connection()
	err = s.store.UpdateRegistration(s.byClient(r, client), update)
	if err != nil {
		return err
	}
	return oauth.WriteJSON(w, http.StatusOK, s.informationOf(client, request, known.token, secret.value))
}

// matches compares what a client repeats of itself.
func (c *registered) matches(request *metadataRequest) error {
	if request.ClientID != c.client.ID {
		return oauth.InvalidRequest("The client_id of the body is not the one of the URL, or is missing.")
	}
	if request.ClientSecret == "" {
		return nil
	}
	if slices.ContainsFunc(c.connection().Secrets, func(s storage.ConnectionSecret) bool {
		return s.Hash != nil && sameHash(s.Hash, request.ClientSecret)
	}) {
		return nil
	}
	return oauth.InvalidRequest("The client_secret is not the client's: want the current one, or none.")
}

// serves says whether one of the secrets is of use to a client: any, or a sealed one where it signs with it.
func serves(secrets []storage.ConnectionSecret, m *storage.Metadata) bool {
	return slices.ContainsFunc(secrets, func(s storage.ConnectionSecret) bool {
		return s.Sealed != "" || !clientauth.SignsWithSecret(m)
	})
}

// deleteClient ends a registration, and with it all that was issued to the client (RFC 7592 section 2.3).
func (s *Service) deleteClient(w http.ResponseWriter, r *http.Request) error {
	known, err := s.authenticateRegistration(r)
	if err != nil {
		return err
	}
	err = s.store.DeleteRegistration(s.byClient(r, known.client), known.client.ID)
	if err != nil && !errors.Is(err, storage.ErrNotFound) { // somebody else was faster
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}
