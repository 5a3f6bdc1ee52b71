package dpop

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"ithildin/provider/clientauth"
)

// privateMembers are those of a JWK that no public key has (RFC 7518 6.2.2, 6.3.2, 6.4.1, RFC 8037 2).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// keyOf is the public key in the header of a proof, of a kind and size that goes with its algorithm.
func keyOf(proof string, signed *jose.JSONWebSignature) (*jose.JSONWebKey, error) {
	header := signed.Signatures[0].Protected
	key := header.JSONWebKey
	if key == nil {
		return nil, refuse(BadKey, "The header of the DPoP proof has no jwk.")
	}
	members, err := membersOfKey(proof)
	if err != nil {
		return nil, &Error{BadKey, "The jwk in the header of the DPoP proof can't be read.", err}
	}
	isPrivate := func(name string) bool { _, given := members[name]; return given }
	switch {
	case slices.ContainsFunc(privateMembers, isPrivate):
		return nil, refuse(BadKey, "The jwk in the header of the DPoP proof holds a private or symmetric key: it is known "+
			"to others now, so make another.")
	case !clientauth.Verifies(*key, jose.SignatureAlgorithm(header.Algorithm)):
		return nil, refuse(BadKey, "The jwk in the header of the DPoP proof is no public key for %s, or one of RSA with "+
			"less than %d or more than %d bits.", header.Algorithm, clientauth.MinimumRSA, clientauth.MaximumRSA)
	}
	return key, nil
}

// membersOfKey are those of the jwk as it was sent: a parsed key does not have what it has no use for.
func membersOfKey(proof string) (map[string]json.RawMessage, error) {
	encoded, _, _ := strings.Cut(proof, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	var header struct {
		Key map[string]json.RawMessage `json:"jwk"`
	}
	return header.Key, json.Unmarshal(raw, &header)
}
