package dpop

import (
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"ithildin/provider/clientauth"
)

// Header is the name of the header that carries a proof.
const Header = "DPoP"

// Algorithms are those by which proofs may be signed: those of the FAPI 2.0 Security Profile (section 5.4.1), none of
// which is symmetric or "none".
var Algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}

// The bounds of a proof.
const (
	maximumProof = 8 << 10 // bytes
	maximumJTI   = 255     // bytes
	// leeway is how far the iat of a proof may lie from our clock, in either direction.
	leeway = time.Minute
)

// The reasons for which a proof is refused, as metrics name them.
const (
	Malformed = "malformed" // not one JWT of the form of RFC 9449 4.2
	BadKey    = "key"       // the key in the header can't be accepted
	Signature = "signature"
	Target    = "request" // about another method or address
	Time      = "time"
	Nonce     = "nonce" // a nonce is required, or the one given is not of now
	Token     = "token" // about another access token, or about none
	Binding   = "binding"
	Missing   = "missing"
	Replayed  = "replayed"
)

// Reasons are all of them.
var Reasons = []string{Malformed, BadKey, Signature, Target, Time, Nonce, Token, Binding, Missing, Replayed}

// Error is why a proof is refused.
type Error struct {
	Reason string // one of Reasons
	// Problem is for whoever sent the proof. It repeats what was received only within quotes.
	Problem string
	Cause   error // for the log
}

// Error is for the log.
func (e *Error) Error() string {
	if e.Cause != nil {
		return "dpop: " + e.Problem + ": " + e.Cause.Error()
	}
	return "dpop: " + e.Problem
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

func refuse(reason, format string, values ...any) error {
	return &Error{Reason: reason, Problem: fmt.Sprintf(format, values...)}
}

// Proof is a proof that was found right, but for its single use.
type Proof struct {
	// Thumbprint is the SHA-256 thumbprint of the key, base64url (RFC 7638): jkt.
	Thumbprint string
	// ID is the jti of the proof; of a key it counts once.
	ID string
	// ExpiresAt is when the proof can't be accepted in any case.
	ExpiresAt time.Time

	nonce           string
	accessTokenHash string
}

// Request is what a proof must be about.
type Request struct {
	Method string
	// URLs are the addresses that the request may have been sent to, as its sender knows them. They are configured: what
	// the request says of its own address counts for nothing.
	URLs []string
}

// Verifier verifies proofs. It is safe for concurrent use.
type Verifier struct {
	Nonces *Nonces
	// RequireNonce refuses proofs without a nonce (RFC 9449 8); one with a nonce is held to it in any case.
	RequireNonce bool
	Now          func() time.Time
}

// claims are those of RFC 9449 4.2; others, such as exp and nbf, do not count.
type claims struct {
	ID              string  `json:"jti"`
	Method          string  `json:"htm"`
	URI             string  `json:"htu"`
	IssuedAt        float64 `json:"iat"`
	Nonce           string  `json:"nonce"`
	AccessTokenHash string  `json:"ath"`
}

// Verify checks the values of the header DPoP of a request (RFC 9449 4.3): nil where there is none. What a proof is
// bound to, an access token or a key, is compared by IsFor and Thumbprint. The error is an *Error.
func (v *Verifier) Verify(values []string, r Request) (*Proof, error) {
	switch {
	case len(values) == 0:
		return nil, nil
	case len(values) > 1:
		return nil, refuse(Malformed, "The header DPoP is given %d times: want it once.", len(values))
	case len(values[0]) > maximumProof:
		return nil, refuse(Malformed, "The DPoP proof has %d bytes: want %d at most.", len(values[0]), maximumProof)
	}
	signed, err := clientauth.ParseSigned(values[0], Algorithms, "dpop+jwt")
	if err != nil {
		return nil, &Error{Malformed, fmt.Sprintf(
			"The DPoP proof is no JWT with the typ dpop+jwt, signed by one of %v, with its public key in the header.",
			Algorithms), err}
	}
	key, err := keyOf(values[0], signed)
	if err != nil {
		return nil, err
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return nil, &Error{Signature, "The key in the header of the DPoP proof does not verify it.", err}
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return nil, &Error{Malformed, "The claims of the DPoP proof can't be read.", err}
	}
	if err := v.check(c, r); err != nil {
		return nil, err
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, &Error{BadKey, "The key in the header of the DPoP proof can't be read.", err}
	}
	return &Proof{
		Thumbprint: base64.RawURLEncoding.EncodeToString(thumbprint), ID: c.ID,
		ExpiresAt: time.Unix(int64(c.IssuedAt), 0).Add(leeway + time.Second), nonce: c.Nonce,
		accessTokenHash: c.AccessTokenHash,
	}, nil
}

// check compares the claims with the request and the clock. The nonce is last: whoever is sent a new one has all else
// right.
func (v *Verifier) check(c claims, r Request) error {
	now := float64(v.Now().Unix())
	switch {
	case c.ID == "" || len(c.ID) > maximumJTI:
		return refuse(Malformed, "The jti of the DPoP proof has %d bytes: want 1 to %d.", len(c.ID), maximumJTI)
	case c.Method != r.Method:
		return refuse(Target, "The htm of the DPoP proof is %.20q: want %q.", c.Method, r.Method)
	case !sentTo(c.URI, r.URLs):
		return refuse(Target, "The htu of the DPoP proof is %.200q, which is not the address of this request.", c.URI)
	case c.IssuedAt < now-leeway.Seconds() || c.IssuedAt > now+leeway.Seconds():
		return refuse(Time, "The iat of the DPoP proof is not within %d seconds of this server's clock.",
			int(leeway.Seconds()))
	case c.Nonce == "" && v.RequireNonce:
		return refuse(Nonce, "The DPoP proof has no nonce: want the one of the header DPoP-Nonce.")
	case c.Nonce != "" && !v.Nonces.isValid(c.Nonce, v.Now()):
		return refuse(Nonce, "The nonce of the DPoP proof is not of now: want the one of the header DPoP-Nonce.")
	}
	return nil
}

// IsFor says whether the proof is about this access token (RFC 9449 4.2, ath).
func (p *Proof) IsFor(accessToken string) bool {
	sum := sha256.Sum256([]byte(accessToken))
	expected := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(p.accessTokenHash), []byte(expected)) == 1
}

// NextNonce is the nonce that the sender of a proof is to use from now on, "" where it has the newest, or uses none and
// needs none.
func (v *Verifier) NextNonce(p *Proof) string {
	if p.nonce == "" {
		return ""
	}
	if newest := v.Nonces.At(v.Now()); newest != p.nonce {
		return newest
	}
	return ""
}

// IsThumbprint says whether a text has the form of a SHA-256 thumbprint, base64url.
func IsThumbprint(value string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	return err == nil && len(raw) == sha256.Size
}
