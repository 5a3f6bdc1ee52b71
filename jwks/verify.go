package jwks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// maxTokenBytes is several times what the provider issues, and little enough to parse for anybody.
const maxTokenBytes = 16 << 10

// ErrInvalidToken reports a token that none of the published keys signed. What follows it is for the operator's log.
var ErrInvalidToken = errors.New("jwks: invalid token")

// strictBase64 refuses stray bits after the last byte, which the plain encoding ignores.
var strictBase64 = base64.RawURLEncoding.Strict()

// Verify checks the signature of a compact JWS of our own and answers its payload, which must not be changed, and
// the typ of its header. Only keys that are not gone count, each for its own algorithm alone, found by kid; keys
// named inside the token (jwk, jku, x5c, x5u) are never used. Algorithms narrow what is accepted; without any, all
// of this package are. Claims are not looked at. Every refusal is an [ErrInvalidToken].
func (s *Set) Verify(token string, algorithms ...string) (payload []byte, typ string, err error) {
	if len(algorithms) == 0 {
		algorithms = SupportedAlgorithms
	}
	verified, err := s.verified.find(token, func() (verifiedToken, error) { return s.verifySignature(token, algorithms) })
	if err != nil {
		return nil, "", err
	}
	if !slices.Contains(algorithms, verified.algorithm) {
		return nil, "", fmt.Errorf("%w: alg is not accepted here", ErrInvalidToken)
	}
	if _, err := s.verifyingKey(verified.keyID, verified.algorithm); err != nil {
		return nil, "", err
	}
	return verified.payload, verified.typ, nil
}

func (s *Set) verifySignature(token string, algorithms []string) (verifiedToken, error) {
	if err := checkForm(token); err != nil {
		return verifiedToken{}, err
	}
	signed, err := jose.ParseSignedCompact(token, acceptedAlgorithms(algorithms))
	if err != nil {
		return verifiedToken{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	header := signed.Signatures[0].Protected
	verifying, err := s.verifyingKey(header.KeyID, header.Algorithm)
	if err != nil {
		return verifiedToken{}, err
	}
	payload, err := signed.Verify(verifying.private.Public())
	if err != nil {
		return verifiedToken{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	return verifiedToken{keyID: header.KeyID, algorithm: header.Algorithm, typ: typ, payload: payload}, nil
}

// verifyingKey answers the key of a kid. A kid is the thumbprint of its key, so it never comes to mean another one.
func (s *Set) verifyingKey(keyID, algorithm string) (*key, error) {
	verifying, known := s.current.Load().byID[keyID]
	if !known || verifying.gone(s.clock()) {
		return nil, fmt.Errorf("%w: unknown kid", ErrInvalidToken)
	}
	if verifying.Algorithm != algorithm {
		return nil, fmt.Errorf("%w: alg is not that of the key", ErrInvalidToken)
	}
	return verifying, nil
}

// checkForm bounds the token and holds it to the base64url of RFC 7515 section 2: no line breaks, no stray bits. So
// nobody can respell a token without breaking it.
func checkForm(token string) error {
	if len(token) > maxTokenBytes {
		return fmt.Errorf("%w: longer than %d bytes", ErrInvalidToken, maxTokenBytes)
	}
	if strings.ContainsAny(token, "\r\n") {
		return fmt.Errorf("%w: line break", ErrInvalidToken)
	}
	for part := range strings.SplitSeq(token, ".") {
		if _, err := strictBase64.DecodeString(part); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidToken, err)
		}
	}
	return nil
}

func acceptedAlgorithms(algorithms []string) []jose.SignatureAlgorithm {
	accepted := make([]jose.SignatureAlgorithm, len(algorithms))
	for i, algorithm := range algorithms {
		accepted[i] = jose.SignatureAlgorithm(algorithm)
	}
	return accepted
}
