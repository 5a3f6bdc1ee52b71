package main

import (
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// clientAssertionFields are about clients that sign instead of sending a secret (OIDC Core 9).
type clientAssertionFields struct {
	JWKSFile     string  `name:"jwks-file" placeholder:"PATH" help:"@jwks_file"`
	JWKSURI      *string `name:"jwks-uri" placeholder:"URL" help:"@jwks_uri"`
	TokenAuthAlg *string `placeholder:"ALG" enum:"${assertion_algs}" help:"@token_auth_alg"`
}

// apply sets the members whose flags were given. Keys come either from a file or from a URI, and a new method resets
// the algorithm that was chosen for the old one.
func (f clientAssertionFields) apply(m *storage.Metadata, method string) error {
	if method != "" && method != m.TokenEndpointAuthMethod {
		m.TokenEndpointAuthMethod, m.TokenEndpointAuthSigningAlg = method, ""
	}
	replaceText(&m.TokenEndpointAuthSigningAlg, f.TokenAuthAlg)
	signs := m.TokenEndpointAuthMethod == storage.AuthMethodPrivateKeyJWT || clientauth.SignsWithSecret(m)
	switch {
	case f.TokenAuthAlg != nil && *f.TokenAuthAlg != "" && !signs:
		return &console.UsageError{Cause: fmt.Errorf("--token-auth-alg is for clients that sign, and %s does not",
			m.TokenEndpointAuthMethod)}
	case f.JWKSFile != "" && f.JWKSURI != nil:
		return &console.UsageError{Cause: errors.New("--jwks-file and --jwks-uri are both given: want one of them")}
	case f.JWKSURI != nil:
		m.JWKS, m.JWKSURI = nil, *f.JWKSURI
	case f.JWKSFile != "":
		keys, err := readPublicKeys(f.JWKSFile)
		if err != nil {
			return err
		}
		m.JWKS, m.JWKSURI = keys, ""
	}
	return nil
}
