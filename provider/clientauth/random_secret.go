package clientauth

import (
	"io"

	"ithildin/provider/oauth"
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
