package clientauth

import (
	"slices"

	"ithildin/storage"
)

// AuthMethods are those of clients (OIDC Core 9); the first is that of a client that sends nothing.
var AuthMethods = []string{
	storage.AuthMethodNone, storage.AuthMethodBasic, storage.AuthMethodPost, storage.AuthMethodSecretJWT,
	storage.AuthMethodPrivateKeyJWT,
}

// CertificateMethods are those by a certificate (RFC 8705 2), where the provider gets to see one.
var CertificateMethods = []string{storage.AuthMethodTLS, storage.AuthMethodSelfSignedTLS}

// What a client is known by besides the methods of OIDC Core 9, as metrics name it.
const (
	MethodRegistrationToken = "registration_access_token"
	MethodAPIKey            = "api_key"
)

// HasSecret says whether clients of an authentication method have a secret.
func HasSecret(authMethod string) bool {
	return authMethod == storage.AuthMethodBasic || authMethod == storage.AuthMethodPost ||
		authMethod == storage.AuthMethodSecretJWT
}

// SignsWithSecret says whether the client signs with its secret, so that the provider must have the secret itself,
// sealed.
func SignsWithSecret(m *storage.Metadata) bool {
	return m.TokenEndpointAuthMethod == storage.AuthMethodSecretJWT
}

// ConnectionWithoutSealedSecret is the id of a connection of a client that signs with its secret, whose signatures
// could not be verified because only the hash of each secret is stored; "" where there is none.
func ConnectionWithoutSealedSecret(c *storage.Client) string {
	if !SignsWithSecret(&c.Metadata) {
		return ""
	}
	for _, connection := range c.Connections {
		isSealed := func(secret storage.ConnectionSecret) bool { return secret.Sealed != "" }
		if !slices.ContainsFunc(connection.Secrets, isSealed) {
			return connection.ID
		}
	}
	return ""
}
