package provider

import (
	"crypto/x509"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"ithildin/provider/clientauth"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// MutualTLS says where clients present certificates (RFC 8705); by the zero value they do nowhere.
type MutualTLS struct {
	// Origin is where clients find the listener that asks for certificates, such as https://mtls.id.example; "" where the
	// issuer's own address does.
	Origin string
	// Proxies are believed about the certificate of a client, which they pass on as RFC 9440 says.
	Proxies []netip.Prefix
	// Authorities are trusted for certificates of clients; nil: only those that a client registered itself count.
	Authorities *x509.CertPool
}

// isOn says whether clients can present certificates.
func (m MutualTLS) isOn() bool { return m.Origin != "" || len(m.Proxies) > 0 }

// authMethods are those by which clients can authenticate here.
func (m MutualTLS) authMethods() []string {
	switch {
	case !m.isOn():
		return clientauth.AuthMethods
	case m.Authorities == nil:
		return append(slices.Clone(clientauth.AuthMethods), storage.AuthMethodSelfSignedTLS)
	}
	return slices.Concat(clientauth.AuthMethods, clientauth.CertificateMethods)
}

// endpointAliases are the endpoints that clients call with a certificate (RFC 8705 5).
type endpointAliases struct {
	Token         string `json:"token_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	PushedRequest string `json:"pushed_authorization_request_endpoint"`
	Device        string `json:"device_authorization_endpoint"`
	Userinfo      string `json:"userinfo_endpoint"`
}

// aliasedPaths are those of endpointAliases.
var aliasedPaths = []string{
	oauth.PathToken, oauth.PathRevoke, oauth.PathIntrospect, oauth.PathPushedRequest, oauth.PathDevice,
	oauth.PathUserinfo,
}

// aliasesBelow are the endpoints below the address where clients present certificates; nil where that is the issuer's
// own, and the address is "".
func aliasesBelow(alias string) *endpointAliases {
	if alias == "" {
		return nil
	}
	return &endpointAliases{
		Token: alias + oauth.PathToken, Revocation: alias + oauth.PathRevoke,
		Introspection: alias + oauth.PathIntrospect, PushedRequest: alias + oauth.PathPushedRequest,
		Device: alias + oauth.PathDevice, Userinfo: alias + oauth.PathUserinfo,
	}
}

// MutualTLSHandler is a listener that asks for the certificates of clients: of the public listener it has the endpoints
// that clients call by themselves. No browser is to be asked for a certificate. Clients' TLS ends here, so no proxy is
// believed about them.
func (p *Provider) MutualTLSHandler(public http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, isBelow := strings.CutPrefix(r.URL.Path, p.path)
		if !isBelow || !slices.Contains(aliasedPaths, path) {
			http.NotFound(w, r)
			return
		}
		inbound.DropProxied(r.Header)
		public.ServeHTTP(w, r)
	})
}
