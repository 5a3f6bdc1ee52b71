package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"ithildin/jwks"
	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// metadata is OIDC Discovery 3, RFC 8414 2, and the discovery sections of the logout and session specifications. It
// says only what works.
type metadata struct {
	Issuer                   string   `json:"issuer"`
	AuthorizationEndpoint    string   `json:"authorization_endpoint"`
	PushedRequestEndpoint    string   `json:"pushed_authorization_request_endpoint"`
	DeviceEndpoint           string   `json:"device_authorization_endpoint"`
	TokenEndpoint            string   `json:"token_endpoint"`
	UserinfoEndpoint         string   `json:"userinfo_endpoint"`
	IntrospectionEndpoint    string   `json:"introspection_endpoint"`
	RevocationEndpoint       string   `json:"revocation_endpoint"`
	RegistrationEndpoint     string   `json:"registration_endpoint,omitempty"`
	EndSessionEndpoint       string   `json:"end_session_endpoint,omitempty"`
	CheckSessionIframe       string   `json:"check_session_iframe,omitempty"`
	JWKSURI                  string   `json:"jwks_uri"`
	ScopesSupported          []string `json:"scopes_supported"`
	ResponseTypesSupported   []string `json:"response_types_supported"`
	ResponseModesSupported   []string `json:"response_modes_supported"`
	GrantTypesSupported      []string `json:"grant_types_supported"`
	SubjectTypesSupported    []string `json:"subject_types_supported"`
	ACRValuesSupported       []string `json:"acr_values_supported,omitempty"`
	IDTokenAlgorithms        []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgorithms       []string `json:"userinfo_signing_alg_values_supported,omitempty"`
	ResponseAlgorithms       []string `json:"authorization_signing_alg_values_supported"`
	IntrospectionResponses   []string `json:"introspection_signing_alg_values_supported"`
	RequestObjectAlgorithms  []string `json:"request_object_signing_alg_values_supported,omitempty"`
	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgorithms      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAlgorithms  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgorithms     []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	DPoPAlgorithms           []string `json:"dpop_signing_alg_values_supported"`
	ClaimTypesSupported      []string `json:"claim_types_supported,omitempty"`
	ClaimsSupported          []string `json:"claims_supported"`
	ChallengeMethods         []string `json:"code_challenge_methods_supported"`
	PromptValues             []string `json:"prompt_values_supported"`
	DisplayValues            []string `json:"display_values_supported,omitempty"`
	UILocales                []string `json:"ui_locales_supported"`

	ResponseIssuer               bool `json:"authorization_response_iss_parameter_supported"`
	RequirePushedRequests        bool `json:"require_pushed_authorization_requests"`
	ClaimsParameterSupported     bool `json:"claims_parameter_supported"`
	RequestParameterSupported    bool `json:"request_parameter_supported"`
	RequestURIParameterSupported bool `json:"request_uri_parameter_supported"`
	RequireRequestURIRegistered  bool `json:"require_request_uri_registration"`
	BackchannelLogout            bool `json:"backchannel_logout_supported"`
	BackchannelLogoutSession     bool `json:"backchannel_logout_session_supported"`
	FrontchannelLogout           bool `json:"frontchannel_logout_supported"`
	FrontchannelLogoutSession    bool `json:"frontchannel_logout_session_supported"`
	ClientDocuments              bool `json:"client_id_metadata_document_supported,omitempty"`
	CertificateBoundTokens       bool `json:"tls_client_certificate_bound_access_tokens"`

	Aliases *endpointAliases `json:"mtls_endpoint_aliases,omitempty"`
}

// documents are the metadata, ready-made since they change with the configuration of the process only, but for the
// types of authorization details, and the keys.
type documents struct {
	keys      *jwks.Set
	store     *storage.Store
	discovery []byte
	last      *atomic.Pointer[[]byte] // the metadata as they were last served, for while the database is away
}

// typesTime is how long the metadata wait for the types of authorization details.
const typesTime = time.Second

func (p *Provider) newDocuments() documents {
	encoded, err := json.Marshal(p.metadata())
	if err != nil {
		panic("provider: metadata: " + err.Error()) // strings and booleans always marshal
	}
	d := documents{keys: p.keys, store: p.store, discovery: encoded, last: &atomic.Pointer[[]byte]{}}
	d.last.Store(&encoded)
	return d
}

// withDetailTypes are the metadata with the types of authorization details that there are (RFC 9396 10).
func (d documents) withDetailTypes(ctx context.Context) []byte {
	ctx, cancel := context.WithTimeout(ctx, typesTime)
	defer cancel()
	types, err := d.store.PublishedDetailTypes(ctx)
	if err != nil {
		return *d.last.Load()
	}
	document := d.discovery
	if len(types) > 0 {
		names := make([]string, len(types))
		for i, t := range types {
			names[i] = t.Type
		}
		encoded, err := json.Marshal(names)
		if err != nil {
			panic("provider: metadata: " + err.Error()) // strings always marshal
		}
		document = slices.Concat(d.discovery[:len(d.discovery)-1], []byte(`,"authorization_details_types_supported":`),
			encoded, []byte("}"))
	}
	d.last.Store(&document)
	return document
}

// metadata follows from the configuration: what the operator has not turned on is not there.
func (p *Provider) metadata() metadata {
	methods := p.mutualTLS.authMethods()
	confidential := methods[1:] // of a client that sends nothing, nothing is told
	algorithms := clientauth.NamesOf(clientauth.SignatureAlgorithms)
	m := metadata{
		Issuer: p.issuer, AuthorizationEndpoint: p.issuer + oauth.PathAuthorize, TokenEndpoint: p.issuer + oauth.PathToken,
		PushedRequestEndpoint: p.issuer + oauth.PathPushedRequest, DeviceEndpoint: p.issuer + oauth.PathDevice,
		RequirePushedRequests: p.authorization.requirePushed,
		UserinfoEndpoint:      p.issuer + oauth.PathUserinfo, IntrospectionEndpoint: p.issuer + oauth.PathIntrospect,
		RevocationEndpoint: p.issuer + oauth.PathRevoke, JWKSURI: p.issuer + oauth.PathJWKS,
		EndSessionEndpoint: p.issuer + oauth.PathLogout, CheckSessionIframe: p.issuer + oauth.PathSession,
		BackchannelLogout: true, BackchannelLogoutSession: true, FrontchannelLogout: true, FrontchannelLogoutSession: true,
		ScopesSupported:        []string{"openid", "profile", "email", "address", "phone", "offline_access"},
		ResponseTypesSupported: p.responseTypes,
		ResponseModesSupported: oauth.ResponseModes, ResponseAlgorithms: jwks.SupportedAlgorithms,
		IntrospectionResponses: jwks.SupportedAlgorithms,
		GrantTypesSupported:    oauth.GrantTypes,
		SubjectTypesSupported: []string{
			storage.SubjectTypePublic,
			storage.SubjectTypePairwise,
		}, ACRValuesSupported: p.acrValues,
		IDTokenAlgorithms: jwks.SupportedAlgorithms, UserinfoAlgorithms: jwks.SupportedAlgorithms,
		TokenAuthMethods: methods, TokenAuthAlgorithms: algorithms,
		IntrospectionAuthMethods: confidential, IntrospectionAlgorithms: algorithms,
		RevocationAuthMethods: methods, RevocationAlgorithms: algorithms,
		DPoPAlgorithms:      clientauth.NamesOf(dpop.Algorithms),
		ClaimTypesSupported: []string{"normal"}, ClaimsParameterSupported: true,
		ClaimsSupported: append(
			[]string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash",
				"sid"},
			claimsOf([]string{"profile", "email", "address", "phone"})...),
		ChallengeMethods: []string{"S256"},
		PromptValues:     []string{"none", "login", "consent", "select_account"},
		DisplayValues:    []string{"page", "popup", "touch", "wap"},
		UILocales:        []string{"uk", "en"}, ResponseIssuer: true,
		RequestObjectAlgorithms: algorithms, RequestParameterSupported: true, RequestURIParameterSupported: true,
		RequireRequestURIRegistered: true, ClientDocuments: p.documented.IsOn(),
		CertificateBoundTokens: p.mutualTLS.isOn(), Aliases: aliasesBelow(p.alias),
	}
	if p.registration != nil {
		m.RegistrationEndpoint = p.issuer + oauth.PathRegister
	}
	if slices.ContainsFunc(p.responseTypes, oauth.UsesFrontChannel) {
		m.GrantTypesSupported = slices.Concat(oauth.GrantTypes, []string{"implicit"})
	}
	return m
}

// serveMetadata serves the metadata at both well-known paths.
func (d documents) serveMetadata(w http.ResponseWriter, r *http.Request) {
	document := d.withDetailTypes(r.Context())
	header := w.Header()
	header["Content-Length"] = []string{strconv.Itoa(len(document))}
	publish(header, "application/json", "public, max-age=3600")
	_, _ = w.Write(document)
}

// serveKeys serves the published keys. They may be kept for as long as a new key waits before it signs, and no longer.
func (d documents) serveKeys(w http.ResponseWriter, _ *http.Request) {
	document := d.keys.Document()
	header := w.Header()
	header["Content-Length"] = []string{strconv.Itoa(len(document))}
	publish(header, "application/jwk-set+json", "public, max-age="+strconv.Itoa(int(d.keys.MaxAge()/time.Second)))
	_, _ = w.Write(document)
}

// publish sets the headers of a document for everyone.
func publish(header http.Header, contentType, cacheControl string) {
	header["Content-Type"] = []string{contentType}
	header["Cache-Control"] = []string{cacheControl}
	header["Access-Control-Allow-Origin"] = []string{"*"}
	header["X-Content-Type-Options"] = []string{"nosniff"}
}
