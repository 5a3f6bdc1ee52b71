package clientauth

import (
	"cmp"
	"io"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// signingSecretBytes is the randomness of a secret that a client signs with. Its text must be as long as the hash, for
// SHA-512 64 characters (RFC 7518 section 3.2).
const signingSecretBytes = 48

// RandomSecret generates the secret of a client, which is longer where the client signs with it instead of sending it.
func RandomSecret(random io.Reader, signs bool) (string, error) {
	if signs {
		return oauth.RandomText(random, signingSecretBytes)
	}
	return oauth.RandomText(random, oauth.TokenBytes)
}

// SecretAlgorithm is what a client signs with by its secret, "" for one that sends it. willSign is for one that sends
// it now and is to sign.
func SecretAlgorithm(m *storage.Metadata, willSign bool) string {
	if !willSign && !SignsWithSecret(m) {
		return ""
	}
	return cmp.Or(m.TokenEndpointAuthSigningAlg, "HS256")
}

// ShortestSecret is the least length, in bytes, of a secret that a client signs with (RFC 7518 section 3.2); 0 for the
// algorithm "", of a client that sends it.
func ShortestSecret(algorithm string) int {
	return map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[algorithm]
}
