package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"ithildin/provider/clientauth"
	"ithildin/provider/oauth"
	"ithildin/provider/outbound"
	"ithildin/storage"
	"ithildin/storage/seal"
)

const (
	maximumRequestObject = 64 << 10 // bytes
	// typeRequestObject is the typ of a request object that is meant by the rules of RFC 9101.
	typeRequestObject = "oauth-authz-req+jwt"
)

func invalidRequestObject(description string) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidRequestObject, description)
}

// requestObjects reads the request objects of authorization requests (OIDC Core 6, RFC 9101).
type requestObjects struct {
	store   *storage.Store
	issuer  string
	clients *clientauth.Authenticator
	cache   *outbound.Cache[string]
}

func newRequestObjects(
	store *storage.Store, issuer string, clients *clientauth.Authenticator, o outbound.CacheOptions[string],
) *requestObjects {
	o.Maximum, o.Parse = maximumRequestObject, func(body []byte) (string, error) {
		return string(bytes.TrimSpace(body)),
			nil
	}
	return &requestObjects{store: store, issuer: issuer, clients: clients, cache: outbound.NewCache(o)}
}

// read answers the parameters of a request, those of its request object among them (OIDC Core 6, RFC 9101), and whether
// a signature vouches for them. The form is returned as it is where it has no request object. The object must be
// signed: "none" vouches for nothing.
func (o *requestObjects) read(
	ctx context.Context, client *storage.Client, form url.Values,
) (parameters url.Values, signed bool, err error) {
	if !form.Has("request") && !form.Has("request_uri") {
		if client.Metadata.RequireSignedRequestObject {
			return nil, false, oauth.InvalidRequest("The client must send its parameters in a signed request object (RFC 9101).")
		}
		return form, false, nil
	}
	token, err := o.find(ctx, client, form)
	if err != nil {
		return nil, false, err
	}
	algorithms := requestObjectAlgorithms(client)
	object, err := clientauth.ParseSigned(token, algorithms, "", "jwt", typeRequestObject)
	if err != nil {
		message := fmt.Sprintf("The request object is no JWT of typ %s, JWT or none that is signed with one of %v.",
			typeRequestObject, algorithms)
		return nil, false, invalidRequestObject(message).Because(err)
	}
	payload, _, err := o.clients.VerifySigned(ctx, client, object)
	if errors.Is(err, clientauth.ErrKeySet) {
		return nil, false, invalidRequestObject("The client's keys could not be read from its jwks_uri.").Because(err)
	}
	if errors.Is(err, seal.ErrSealed) {
		return nil, false, err
	}
	if err != nil {
		return nil, false, invalidRequestObject("The client's registered keys do not verify the request object.").Because(err)
	}
	claimed, err := o.parameters(client, payload)
	if err != nil {
		return nil, false, err
	}
	parameters, err = combine(client, object, form, claimed)
	return parameters, err == nil, err
}

// find is the object that a request sends by value or by reference.
func (o *requestObjects) find(ctx context.Context, client *storage.Client, form url.Values) (string, error) {
	byValue, byReference := form.Get("request"), form.Get("request_uri")
	switch {
	case byValue != "" && byReference != "":
		return "", oauth.InvalidRequest("The parameters request and request_uri are both given: want one of them.")
	case byValue != "":
		return byValue, nil
	case !isRegisteredRequestURI(client, byReference):
		return "", oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidRequestURI, fmt.Sprintf(
			"The request_uri %.200q is none of the %d that the client registered.",
			byReference,
			len(client.Metadata.RequestURIs),
		))
	}
	object, err := o.fetch(ctx, byReference)
	if err != nil {
		return "", oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidRequestURI, fmt.Sprintf(
			"The request_uri could not be read: want an https address that answers with at most %d bytes.",
			maximumRequestObject,
		)).
			Because(err)
	}
	return object, nil
}

// fetch asks the address anew where the fragment is the hash of another object than the one that is kept (OIDC
// Core 6.2). It is not a part of what is kept: else whoever makes up fragments could make this server ask without end.
func (o *requestObjects) fetch(ctx context.Context, uri string) (string, error) {
	address, expected, _ := strings.Cut(uri, "#")
	object, err := o.cache.Get(ctx, address)
	if hash := sha256.Sum256([]byte(object)); err == nil && expected != "" &&
		expected != base64.RawURLEncoding.EncodeToString(hash[:]) {
		return o.cache.Refresh(ctx, address)
	}
	return object, err
}

// isRegisteredRequestURI compares without the fragment, which is a hash of what the address answers, and changes with
// it (OIDC Core 6.2).
func isRegisteredRequestURI(client *storage.Client, requested string) bool {
	requested, _, _ = strings.Cut(requested, "#")
	return slices.ContainsFunc(client.Metadata.RequestURIs, func(registered string) bool {
		registered, _, _ = strings.Cut(registered, "#")
		return registered == requested
	})
}

// requestObjectAlgorithms are those that the client may sign with: the registered one, else those of its profile, else
// any of a key. By its secret only a client signs that does so elsewhere, and said so of its request objects.
func requestObjectAlgorithms(client *storage.Client) []jose.SignatureAlgorithm {
	registered := jose.SignatureAlgorithm(client.Metadata.RequestObjectSigningAlg)
	switch {
	case registered == "":
		return clientauth.AlgorithmsOf(client.Profile())
	case slices.Contains(clientauth.KeyAlgorithms, registered),
		client.Metadata.TokenEndpointAuthMethod == storage.AuthMethodSecretJWT &&
			slices.Contains(clientauth.SecretAlgorithms, registered):
		return []jose.SignatureAlgorithm{registered}
	}
	return nil
}

// combine joins what was sent outside the object and what it claims. By OIDC Core 6 the object's values come before
// those outside. By RFC 9101 5 only the object's count; so it is where the client says it by the typ or by what it
// registered, where its profile demands it, and for plain OAuth requests.
func combine(client *storage.Client, object *jose.JSONWebSignature, outside, claimed url.Values) (url.Values, error) {
	kind, _ := object.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	parameters := url.Values{"client_id": {client.ID}}
	if !strings.EqualFold(kind, typeRequestObject) && !client.Metadata.RequireSignedRequestObject &&
		!client.Profile().StrictRequestObjects && slices.Contains(storage.SplitScope(outside.Get("scope")), "openid") {
		within, without := claimed.Get("response_type"), outside.Get("response_type")
		if within != "" && without != "" && within != without {
			return nil, invalidRequestObject(fmt.Sprintf(
				"The response_type is %.60q in the request object and %.60q outside.", within, without))
		}
		for name, values := range outside {
			parameters[name] = values
		}
		parameters.Del("request")
		parameters.Del("request_uri")
	}
	for name, values := range claimed {
		parameters[name] = values
	}
	bounded, malformed := oauth.ParseParameters(parameters.Encode())
	if malformed != nil {
		return nil, invalidRequestObject("With the request object: " + malformed.Description).Because(malformed.Cause)
	}
	return bounded, nil
}
