package registration

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/clientauth"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// Mount adds the registration endpoint and the one of each registered client.
func (s *Service) Mount(router chi.Router) {
	add := func(path, method string, e oauth.Endpoint) {
		router.Method(method, path, oauth.Serve(e, s.encodeError))
	}
	add(oauth.PathRegister, http.MethodPost, s.register)
	add(oauth.PathRegister+"/{client_id}", http.MethodGet, s.readClient)
	add(oauth.PathRegister+"/{client_id}", http.MethodPut, s.updateClient)
	add(oauth.PathRegister+"/{client_id}", http.MethodDelete, s.deleteClient)
	if s.options.Mode == ByToken { // open registration gets no preflight, without which no page can send JSON
		router.Options(oauth.PathRegister, oauth.Preflight)
		router.Options(oauth.PathRegister+"/{client_id}", oauth.Preflight)
	}
}

// encodeError writes an error by RFC 7591 section 3.2.2, and of RFC 6750 section 3 where a token is wrong.
func (s *Service) encodeError(w http.ResponseWriter, r *http.Request, e *oauth.Error) {
	if e.Status == http.StatusUnauthorized {
		oauth.EncodeBearerError(w, r, e)
		return
	}
	oauth.EncodeError(w, r, e)
}

// clientInformation is RFC 7591 section 3.2.1 and RFC 7592 section 3.
type clientInformation struct {
	ClientID                string   `json:"client_id"`
	ClientIDIssuedAt        int64    `json:"client_id_issued_at"`
	ClientSecret            string   `json:"client_secret,omitempty"`
	ClientSecretExpiresAt   *int64   `json:"client_secret_expires_at,omitempty"`
	RegistrationAccessToken string   `json:"registration_access_token"`
	RegistrationClientURI   string   `json:"registration_client_uri"`
	ClientName              string   `json:"client_name"`
	RedirectURIs            []string `json:"redirect_uris,omitempty"`
	Scope                   string   `json:"scope,omitempty"`
	storage.Metadata
}

// informationOf shows a client as it is registered, with its token and, once, a new secret; request is what it has just
// said of itself, or nil. The default scopes are left out for a client that named none: some libraries stop at a scope
// that they did not ask for.
func (s *Service) informationOf(
	client *storage.Client, request *metadataRequest, token, secret string,
) clientInformation {
	a := clientInformation{
		ClientID: client.ID, ClientIDIssuedAt: storage.EpochSeconds(client.CreatedAt), ClientSecret: secret,
		RegistrationAccessToken: token,
		RegistrationClientURI:   s.issuer + oauth.PathRegister + "/" + url.PathEscape(client.ID), ClientName: client.Name,
		RedirectURIs: client.Connections[0].RedirectURIs, Metadata: client.Metadata,
	}
	named := request != nil && request.Scope != nil
	if named || !oauth.ContainsAll(client.Scope, s.options.Scope) || !oauth.ContainsAll(s.options.Scope, client.Scope) {
		a.Scope = strings.Join(client.Scope, " ")
	}
	if secret != "" {
		a.ClientSecretExpiresAt = new(int64) // 0: never
	}
	return a
}

// register is the client registration endpoint (RFC 7591 section 3, OIDC Registration section 3).
func (s *Service) register(w http.ResponseWriter, r *http.Request) error {
	if err := s.limitRegistration(w, inbound.Network(inbound.RequestFrom(r.Context()).Address())); err != nil {
		return err
	}
	initial, err := s.initialAccess(r)
	if err != nil {
		return err
	}
	request, err := readRegistration(w, r)
	if err != nil {
		return err
	}
	rules := s.registrationRules(initial != "")
	client, err := s.newRegisteredClient(request, rules)
	if err != nil {
		return err
	}
	if initial != "" {
		// Whoever has an initial access token is known to the operator: a gateway lets the client's tokens pass.
		if err := client.SetAccessType(storage.AccessTypeDirect); err != nil {
			return err
		}
	}
	if err := checkRegistration(client, rules); err != nil {
		return err
	}
	if err := s.checkSector(r.Context(), request); err != nil {
		return err
	}
	secret, err := s.newClientSecret(client)
	if err != nil {
		return err
	}
	if secret.value != "" {
		client.Connections[0].Secrets = []storage.ConnectionSecret{secret.row}
	}
	token, err := oauth.RandomText(s.random, oauth.TokenBytes)
	if err != nil {
		return err
	}
	ctx := s.byClient(r, client)
	err = s.store.RegisterClient(ctx, *client, storage.ClientRegistration{
		ClientID: client.ID, TokenHash: storage.Hash(token), InitialAccessTokenID: initial, CreatedAt: client.CreatedAt,
	}, s.options.Quota)
	switch {
	case errors.Is(err, storage.ErrQuota):
		return oauth.NewError(http.StatusForbidden, oauth.CodeAccessDenied,
			"There are as many registered clients as this provider takes. Its operator can make room.").Because(err)
	case errors.Is(err, storage.ErrUsed):
		return wrongInitialAccessToken(err)
	case err != nil:
		return err
	}
	return oauth.WriteJSON(w, http.StatusCreated, s.informationOf(client, request, token, secret.value))
}

// limitRegistration bounds what one address, or one client, may ask for, whatever comes of it.
func (s *Service) limitRegistration(w http.ResponseWriter, of string) error {
	allowance := s.rate.Take(of, s.now())
	if allowance.Wait > 0 {
		return oauth.TooManyRequests(allowance, "Too many registrations, or updates of one")
	}
	allowance.WriteTo(w.Header())
	return nil
}

// initialAccess is the id of the initial access token of a request, "" where it has none and needs none.
func (s *Service) initialAccess(r *http.Request) (id string, err error) {
	if r.Header.Get("Authorization") == "" && s.options.Mode == Open {
		return "", nil
	}
	token, found := oauth.BearerToken(r)
	if !found {
		return "", oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidToken,
			"Registration wants an initial access token: Authorization: Bearer, and the token.")
	}
	known, err := s.store.FindInitialAccessToken(r.Context(), storage.Hash(token))
	if errors.Is(err, storage.ErrNotFound) {
		return "", wrongInitialAccessToken(err)
	}
	if err != nil {
		return "", err
	}
	return known.ID, nil
}

func wrongInitialAccessToken(cause error) *oauth.Error {
	return oauth.NewError(http.StatusUnauthorized, oauth.CodeInvalidToken,
		"The initial access token is unknown, expired or used up.").Because(cause)
}

// newRegisteredClient is a client of the standard preset with what the request asks for.
func (s *Service) newRegisteredClient(request *metadataRequest, rules Rules) (*storage.Client, error) {
	now := s.store.Now()
	client, err := storage.NewClient(s.store.NewID(), storage.PresetStandard, now)
	if err != nil {
		return nil, err
	}
	client.Connections = []*storage.Connection{
		storage.NewConnection(s.store.NewID(), client.ID, storage.PresetStandard, nil, now),
	}
	request.apply(&client, s.options.Scope, rules)
	return &client, nil
}

// registrationRules are what clients may register for. vouched says that an initial access token stands behind the
// client.
func (s *Service) registrationRules(vouched bool) Rules {
	rules := Rules{ResponseTypes: s.responseTypes, GrantTypes: openGrants, AuthMethods: s.authMethods}
	if vouched {
		rules.GrantTypes = registrableGrants
	}
	if !slices.ContainsFunc(s.responseTypes, oauth.UsesFrontChannel) {
		rules.GrantTypes = slices.DeleteFunc(slices.Clone(rules.GrantTypes),
			func(grant string) bool { return grant == "implicit" })
	}
	return rules
}

// checkRegistration holds a client to what is served.
func checkRegistration(client *storage.Client, rules Rules) error {
	grants := client.Metadata.GrantTypes
	redirects := slices.Contains(grants, "authorization_code") || slices.Contains(grants, "implicit")
	if redirects && len(client.Connections[0].RedirectURIs) == 0 {
		return asMetadataError(&MetadataError{
			Member: "redirect_uris", Problem: "are missing: the grants " + strings.Join(grants, ", ") + " want one or more",
		})
	}
	if err := ValidateClient(client, rules); err != nil {
		return asMetadataError(err)
	}
	if len(client.Scope) == 0 && client.TypeID != "" { // which would mean all that the type has
		return asMetadataError(&MetadataError{Member: "scope", Problem: "has nothing that the client may ask for"})
	}
	return nil
}

// clientSecret is a new secret, for the client once and for the database.
type clientSecret struct {
	value string // "" where the client's method has none
	row   storage.ConnectionSecret
}

// newClientSecret makes a secret for a client whose method has one; sealed as well where the client signs with it.
func (s *Service) newClientSecret(client *storage.Client) (made clientSecret, err error) {
	if !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		return made, nil
	}
	signs := clientauth.SignsWithSecret(&client.Metadata)
	if made.value, err = clientauth.RandomSecret(s.random, signs); err != nil {
		return made, err
	}
	made.row = s.store.NewConnectionSecret(storage.SecretValue{Text: made.value, Sealed: signs})
	return made, nil
}

func sameHash(hash []byte, value string) bool {
	return subtle.ConstantTimeCompare(hash, storage.Hash(value)) == 1
}
