package provider

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

const (
	// devicePollInterval is how long a device waits between two polls at first (RFC 8628 3.2).
	devicePollInterval = 5 * time.Second
	// userCodeTries is how many user codes are made until one is free; of 20^8 there are few in use.
	userCodeTries = 3
)

// deviceParameters are what is kept of a request of a device.
var deviceParameters = []string{"scope", "audience", parameterResource, parameterDPoPKey}

// deviceAuthorizationEndpoint is the endpoint at which devices ask that somebody signs in for them elsewhere (RFC 8628
// 3.1).
type deviceAuthorizationEndpoint struct {
	*authorizeEndpoint
	clients      *clientauth.Authenticator
	cors         *oauth.CORS
	proofs       *Proofs
	random       io.Reader
	userCodes    userCodes
	lifetime     time.Duration
	limit        publicLimit
	countOutcome func(outcome string)
}

// deviceAuthorizationResponse is RFC 8628 3.2.
type deviceAuthorizationResponse struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int64  `json:"expires_in"` // seconds
	Interval                int64  `json:"interval"`   // seconds
}

// serve answers a device: its client authenticates as at the token endpoint.
func (e *deviceAuthorizationEndpoint) serve(w http.ResponseWriter, r *http.Request) error {
	response, clientID, err := e.begin(w, r)
	if err != nil {
		e.countOutcome(deviceRefused)
		return err
	}
	e.countOutcome(deviceBegun)
	e.cors.AllowOrigin(w, r, clientID)
	return oauth.WriteJSON(w, http.StatusOK, response)
}

func (e *deviceAuthorizationEndpoint) begin(
	w http.ResponseWriter, r *http.Request,
) (response *deviceAuthorizationResponse, clientID string, err error) {
	form, malformed := oauth.ReadForm(w, r)
	if malformed != nil {
		return nil, "", malformed
	}
	proof, err := e.proofs.ofRequest(w, r, oauth.PathDevice)
	if err != nil {
		return nil, "", err
	}
	client, err := e.clients.Authenticate(r.Context(), oauth.PathDevice, r.Header.Get("Authorization"), form)
	if err != nil {
		return nil, "", err
	}
	if err := e.limit.check(r, client, form); err != nil {
		return nil, "", err
	}
	parameters, err := e.check(r.Context(), client, form)
	if err != nil {
		return nil, "", err
	}
	if proof != nil {
		if err := bindCode(parameters, proof); err != nil {
			return nil, "", err
		}
	}
	response, err = e.keep(r, client, parameters, proof)
	return response, client.ID, err
}

// check holds a request to what is known before a person is: the client's registration and profile, its scope and its
// resources. It returns the parameters that are kept.
func (e *deviceAuthorizationEndpoint) check(
	ctx context.Context, client *storage.Client, form url.Values,
) (url.Values, error) {
	if err := mayUseDevices(client); err != nil {
		return nil, err
	}
	a := e.newAuthorization(login.Interaction{Frontend: StandardFrontend, At: e.now().UnixMicro()})
	a.client, a.form = client, form
	if _, err := e.demandOf(ctx, a); err != nil {
		return nil, err
	}
	scopes, err := findScopes(ctx, e.store, client, nil)
	if err != nil {
		return nil, err
	}
	if err := scopes.checkClient(storage.SplitScope(form.Get("scope"))); err != nil {
		return nil, asScopeError(err)
	}
	if form.Has(parameterDetails) { // the page of a device has no words for them
		return nil, invalidDetails("The grant of devices takes no authorization_details.")
	}
	audience := fosite.GetAudiences(form)
	if err := fosite.ExactAudienceMatchingStrategy(client.Metadata.Audience, audience); err != nil {
		return nil, fromFosite(err)
	}
	if err := e.resolveTarget(ctx, a, audience); err != nil {
		return nil, err
	}
	if key := form.Get(parameterDPoPKey); key != "" && !dpop.IsThumbprint(key) {
		return nil, oauth.InvalidRequest(
			"The dpop_jkt is no SHA-256 thumbprint of a key: want 43 characters of base64url.")
	}
	kept := url.Values{}
	for _, name := range deviceParameters {
		if form.Has(name) {
			kept[name] = form[name]
		}
	}
	return kept, nil
}

// mayUseDevices refuses a client that may not have people sign in for devices.
func mayUseDevices(client *storage.Client) error {
	switch {
	case client.IsBlocked:
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnauthorizedClient,
			"The client is blocked.").Because(oauth.ErrClientBlocked)
	case !client.MayUseGrant(oauth.GrantTypeDeviceCode):
		return oauth.NewError(http.StatusBadRequest, oauth.CodeUnauthorizedClient, "The client is not registered for the "+
			"grant "+oauth.GrantTypeDeviceCode+", or its security profile forbids it.").Because(ErrGrantTypeNotAllowed)
	}
	return nil
}

// keep stores a request under hashes of its two codes, which only the answer has.
func (e *deviceAuthorizationEndpoint) keep(
	r *http.Request, client *storage.Client, parameters url.Values, proof *dpop.Proof,
) (*deviceAuthorizationResponse, error) {
	deviceCode, err := oauth.RandomText(e.random, oauth.TokenBytes)
	if err != nil {
		return nil, err
	}
	now := e.store.Now()
	row := storage.DeviceAuthorization{
		ID: storage.Hash(deviceCode), ClientID: client.ID, Parameters: parameters.Encode(),
		Address:   inbound.RequestFrom(r.Context()).Address(),
		CreatedAt: now, ExpiresAt: now.Add(e.lifetime), Interval: devicePollInterval,
	}
	for range userCodeTries {
		userCode, err := newUserCode(e.random)
		if err != nil {
			return nil, err
		}
		row.UserCode = e.userCodes.hash(userCode)
		batch := e.store.NewBatch()
		if proof != nil {
			useProof(batch, proof)
		}
		batch.BeginDeviceAuthorization(row)
		switch err := batch.Flush(r.Context()); {
		case errors.Is(err, storage.ErrUsed):
			continue // another device has this code
		case errors.Is(err, storage.ErrReplayed):
			return nil, e.proofs.replayed(err)
		case err != nil:
			return nil, err
		}
		return &deviceAuthorizationResponse{
			DeviceCode: deviceCode, UserCode: userCode, VerificationURI: e.issuer + login.PathDevice,
			VerificationURIComplete: verificationURI(e.issuer, userCode),
			ExpiresIn:               int64(e.lifetime / time.Second), Interval: int64(devicePollInterval / time.Second),
		}, nil
	}
	return nil, errors.New("provider: no user code is free")
}

// verificationURI is the address of the page for the code of a device, with the code filled in (RFC 8628 3.3.1).
func verificationURI(issuer, userCode string) string {
	return issuer + login.PathDevice + "?" + url.Values{"user_code": {userCode}}.Encode()
}
