package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"time"
)

const (
	// nonceStep is how long a nonce is the newest one.
	nonceStep = time.Minute
	nonceSize = 16 // bytes
)

// Nonces makes nonces and knows them again, without a row of any of them: a nonce is a MAC of the time (RFC 9449 8).
// All servers of a provider have the same key, and so the same nonces. One is accepted for one to two minutes, and a
// minute before its time, since the clocks of servers differ.
type Nonces struct{ key []byte }

// NewNonces takes a secret key of 32 random bytes.
func NewNonces(key []byte) *Nonces { return &Nonces{key: key} }

// At is the newest nonce at a time.
func (n *Nonces) At(now time.Time) string { return n.ofStep(step(now)) }

func step(now time.Time) int64 { return now.Unix() / int64(nonceStep/time.Second) }

func (n *Nonces) ofStep(step int64) string {
	mac := hmac.New(sha256.New, n.key)
	mac.Write(strconv.AppendInt([]byte("dpop nonce "), step, 10))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:nonceSize])
}

// isValid says whether a nonce is that of now, or of the step before or after.
func (n *Nonces) isValid(nonce string, now time.Time) bool {
	valid := 0
	for _, offset := range []int64{-1, 0, 1} {
		valid |= subtle.ConstantTimeCompare([]byte(nonce), []byte(n.ofStep(step(now)+offset)))
	}
	return valid == 1
}
