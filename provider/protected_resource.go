package provider

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
)

// ProtectedResource is the metadata of a protected resource: whose access tokens it takes, and how (RFC 9728 2).
type ProtectedResource struct {
	Resource             string   `json:"resource"`
	AuthorizationServers []string `json:"authorization_servers"`
	Name                 string   `json:"resource_name,omitempty"`
	Scopes               []string `json:"scopes_supported,omitempty"`
	BearerMethods        []string `json:"bearer_methods_supported"`
	DPoPAlgorithms       []string `json:"dpop_signing_alg_values_supported"`
	CertificateBound     bool     `json:"tls_client_certificate_bound_access_tokens,omitempty"`
}

// ProtectedResource is the metadata of a resource that takes these tokens in the header Authorization.
func (t *Tokens) ProtectedResource(resource string, scopes []string) ProtectedResource {
	return ProtectedResource{
		Resource: resource, AuthorizationServers: []string{t.issuer}, Scopes: scopes, BearerMethods: []string{"header"},
		DPoPAlgorithms: clientauth.NamesOf(dpop.Algorithms), CertificateBound: t.certificates,
	}
}

// Write publishes the metadata.
func (m ProtectedResource) Write(w http.ResponseWriter) {
	encoded, err := json.Marshal(m)
	if err != nil {
		panic("provider: metadata of a resource: " + err.Error()) // strings and booleans always marshal
	}
	publish(w.Header(), "application/json", "public, max-age=3600")
	w.Header().Set("Content-Length", strconv.Itoa(len(encoded)))
	_, _ = w.Write(encoded)
}

// ResourceMetadataURL is where the metadata of a resource is: with the well-known path between host and path of its
// address (RFC 9728 3.1). The resource is an absolute URL without a query.
func ResourceMetadataURL(resource string) string {
	origin := inbound.Origin(resource)
	return origin + oauth.PathProtectedResource + strings.TrimSuffix(strings.TrimPrefix(resource, origin), "/")
}

// ResourceMetadataParameter is the parameter of a challenge that says where the metadata of a resource is (RFC 9728
// 5.1).
func ResourceMetadataParameter(resource string) string {
	return `, resource_metadata="` + ResourceMetadataURL(resource) + `"`
}

// mountUserinfoMetadata serves the metadata of the UserInfo endpoint.
func (e *tokenEndpoints) mountUserinfoMetadata(router chi.Router) {
	m := e.tokens.ProtectedResource(e.issuer+oauth.PathUserinfo,
		[]string{"openid", "profile", "email", "address", "phone"})
	m.BearerMethods = append(m.BearerMethods, "body")
	path := oauth.PathProtectedResource + oauth.PathUserinfo
	inbound.Route(router, path, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { m.Write(w) }),
		http.MethodGet, http.MethodHead)
	router.Options(path, oauth.Preflight)
}

// encodeUserinfoError challenges by both schemes; the error is in the one that was used.
func (e *tokenEndpoints) encodeUserinfoError(w http.ResponseWriter, r *http.Request, known *oauth.Error) {
	metadata := ResourceMetadataParameter(e.issuer + oauth.PathUserinfo)
	bearer, byProof := oauth.ChallengeBearer+metadata, ChallengeDPoP+metadata
	if scheme, _, _ := oauth.TokenOf(r); scheme == dpop.Header {
		bearer, byProof = byProof, bearer
	}
	oauth.EncodeChallenged(w, r, known, bearer, byProof)
}
