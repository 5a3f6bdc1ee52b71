package registration

import (
	"crypto/rsa"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"ithildin/jwks"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// authentication checks how the client proves who it is (OIDC Core 9).
func (c *metadataCheck) authentication() {
	m := c.metadata
	methods := c.rules.AuthMethods
	if methods == nil {
		methods = slices.Concat(clientauth.AuthMethods, clientauth.CertificateMethods)
	}
	if !slices.Contains(methods, m.TokenEndpointAuthMethod) {
		c.refuse("token_endpoint_auth_method", "%.100q is not supported: want one of %s",
			m.TokenEndpointAuthMethod, strings.Join(methods, ", "))
	}
	c.certificate()
	if connections := len(c.client.Connections); connections > 1 && !clientauth.HasSecret(m.TokenEndpointAuthMethod) {
		c.refuse("token_endpoint_auth_method", "%.100q: only a secret tells the client's %d connections apart",
			m.TokenEndpointAuthMethod, connections)
	}
	algorithms := clientauth.NamesOf(clientauth.SignatureAlgorithms)
	switch m.TokenEndpointAuthMethod {
	case storage.AuthMethodSecretJWT:
		algorithms = clientauth.NamesOf(clientauth.SecretAlgorithms)
	case storage.AuthMethodPrivateKeyJWT:
		algorithms = clientauth.NamesOf(clientauth.KeyAlgorithms)
		if m.JWKS == nil && m.JWKSURI == "" {
			c.refuse("jwks", "is missing: private_key_jwt wants jwks or jwks_uri")
		}
		c.verifiable("private_key_jwt", m.TokenEndpointAuthSigningAlg, clientauth.KeyAlgorithms)
	}
	c.oneOf("token_endpoint_auth_signing_alg", m.TokenEndpointAuthSigningAlg, algorithms)
}

// certificate checks how the certificate of the client is known (RFC 8705 2.1.2, 2.2.2).
func (c *metadataCheck) certificate() {
	m := c.metadata
	subjects := map[string]string{
		"tls_client_auth_subject_dn": m.TLSClientAuthSubjectDN, "tls_client_auth_san_dns": m.TLSClientAuthSANDNS,
		"tls_client_auth_san_uri": m.TLSClientAuthSANURI, "tls_client_auth_san_ip": m.TLSClientAuthSANIP,
		"tls_client_auth_san_email": m.TLSClientAuthSANEmail,
	}
	maps.DeleteFunc(subjects, func(_, value string) bool { return value == "" })
	names := slices.Sorted(maps.Keys(subjects))
	for _, name := range names {
		c.checkText(name, subjects[name])
	}
	if m.TLSClientAuthSANIP != "" && net.ParseIP(m.TLSClientAuthSANIP) == nil {
		c.refuse("tls_client_auth_san_ip", "%.100q is no IP address", m.TLSClientAuthSANIP)
	}
	switch {
	case m.TokenEndpointAuthMethod == storage.AuthMethodTLS && len(names) != 1:
		c.refuse("tls_client_auth_subject_dn", "tls_client_auth wants exactly one of it, tls_client_auth_san_dns, "+
			"tls_client_auth_san_uri, tls_client_auth_san_ip and tls_client_auth_san_email: there are %d", len(names))
	case m.TokenEndpointAuthMethod != storage.AuthMethodTLS && len(names) > 0:
		c.refuse(names[0], "is for token_endpoint_auth_method tls_client_auth")
	case m.TokenEndpointAuthMethod != storage.AuthMethodSelfSignedTLS:
	case m.JWKS == nil && m.JWKSURI == "":
		c.refuse("jwks", "is missing: self_signed_tls_client_auth wants jwks or jwks_uri, with the certificate in x5c")
	case m.JWKS != nil && !slices.ContainsFunc(m.JWKS.Keys, func(key jose.JSONWebKey) bool {
		return len(key.Certificates) > 0
	}):
		c.refuse("jwks", "has no certificate: self_signed_tls_client_auth wants it in x5c of a key")
	}
}

// algorithms checks those of what the provider signs for the client, and of the client's request objects.
func (c *metadataCheck) algorithms() {
	m := c.metadata
	c.oneOf("id_token_signed_response_alg", m.IDTokenSignedResponseAlg, jwks.SupportedAlgorithms)
	c.oneOf("authorization_signed_response_alg", m.AuthorizationSignedResponseAlg, jwks.SupportedAlgorithms)
	c.oneOf("userinfo_signed_response_alg", m.UserinfoSignedResponseAlg, jwks.SupportedAlgorithms)
	c.oneOf("introspection_signed_response_alg", m.IntrospectionSignedResponseAlg, jwks.SupportedAlgorithms)
	c.oneOf("access_token_signing_alg", m.AccessTokenSigningAlg, jwks.SupportedAlgorithms)
	c.oneOf("request_object_signing_alg", m.RequestObjectSigningAlg, clientauth.NamesOf(clientauth.SignatureAlgorithms))
	bySecret := slices.Contains(clientauth.SecretAlgorithms, jose.SignatureAlgorithm(m.RequestObjectSigningAlg))
	switch {
	case bySecret && !clientauth.SignsWithSecret(m):
		c.refuse("request_object_signing_alg",
			"%s wants a secret that is signed with elsewhere too: client_secret_jwt, not %.100q",
			m.RequestObjectSigningAlg, m.TokenEndpointAuthMethod)
	case m.RequireSignedRequestObject && !bySecret && m.JWKS == nil && m.JWKSURI == "":
		c.refuse("require_signed_request_object", "wants jwks or jwks_uri, by which a signature can be verified")
	case m.RequestObjectSigningAlg != "" && !bySecret || m.RequireSignedRequestObject && !bySecret:
		c.verifiable("a request object", m.RequestObjectSigningAlg, clientauth.SignatureAlgorithms)
	}
}

// verifiable refuses a registered key set none of whose keys verifies what the client signs: keys for encryption, or of
// another kind than the algorithm. What a jwks_uri answers is not asked for here.
func (c *metadataCheck) verifiable(what, algorithm string, algorithms []jose.SignatureAlgorithm) {
	if c.metadata.JWKS == nil || len(c.metadata.JWKS.Keys) == 0 {
		return
	}
	expected := "a signature of one of " + strings.Join(clientauth.NamesOf(algorithms), ", ")
	if algorithm != "" {
		algorithms, expected = []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)}, algorithm
	}
	for _, key := range c.metadata.JWKS.Keys {
		if slices.ContainsFunc(algorithms, func(a jose.SignatureAlgorithm) bool { return clientauth.Verifies(key, a) }) {
			return
		}
	}
	c.refuse("jwks", "has no key that can verify %s of %s: a key with use enc, for one, does not", expected, what)
}

// keys accepts public keys only: whoever registers another has given it away (RFC 7591 section 2, RFC 7517 section 5).
func (c *metadataCheck) keys() {
	m := c.metadata
	if m.JWKSURI != "" {
		c.https("jwks_uri", m.JWKSURI)
	}
	if m.JWKS == nil {
		return
	}
	if m.JWKSURI != "" {
		c.refuse("jwks", "is given together with jwks_uri: want one of them")
	}
	if len(m.JWKS.Keys) == 0 || len(m.JWKS.Keys) > clientauth.MaximumKeys {
		c.refuse("jwks", "has %d keys: want 1 to %d", len(m.JWKS.Keys), clientauth.MaximumKeys)
		return
	}
	seen := map[string]bool{}
	for i, key := range m.JWKS.Keys {
		if key.KeyID != "" && seen[key.KeyID] {
			c.refuse("jwks", "has several keys with the kid %.100q", key.KeyID)
		}
		seen[key.KeyID] = true
		if len(key.KeyID) > maximumName {
			c.refuse("jwks", "key %d has a kid of %d bytes: want %d at most", i+1, len(key.KeyID), maximumName)
		}
		if !key.Valid() || !key.IsPublic() {
			c.refuse("jwks", "key %d holds a private or symmetric key: want public ones, the client keeps the others", i+1)
			continue
		}
		if public, isRSA := key.Key.(*rsa.PublicKey); isRSA {
			if bits := public.N.BitLen(); bits < clientauth.MinimumRSA || bits > clientauth.MaximumRSA {
				c.refuse("jwks", "key %d has %d bits: want %d to %d", i+1, bits, clientauth.MinimumRSA, clientauth.MaximumRSA)
			}
		}
	}
}
