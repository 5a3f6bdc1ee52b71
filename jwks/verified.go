package jwks

import (
	"crypto/sha256"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// maxVerified bounds the signatures that a Set remembers. With usual claims an entry takes some 700 bytes.
	maxVerified = 4096
	// maxVerifiedBytes bounds a token whose signature is remembered, so that all of them stay below 8 MB.
	maxVerifiedBytes = 2 << 10
)

// verifiedToken is what the signature of a token of ours was found to cover.
type verifiedToken struct {
	keyID, algorithm, typ string
	payload               []byte
}

// verifiedTokens remembers signatures that were found good, by the hash of the whole token. A resource server asks
// about one token with each request that brings it, and a signature by ES256 takes longer to check than all else in
// the answer. Only what never changes is kept: the same bytes under the same key. Whether the key still counts, and
// whether the token was revoked or has expired, is asked each time. Refused tokens are not kept, so strangers evict
// nothing.
type verifiedTokens struct {
	byHash *lru.Cache[[sha256.Size]byte, verifiedToken]
}

func newVerifiedTokens() verifiedTokens {
	byHash, err := lru.New[[sha256.Size]byte, verifiedToken](maxVerified)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return verifiedTokens{byHash}
}

// find answers what is remembered of a token, and else asks verify, whose good answer it remembers. Of callers at once
// for one token each may ask.
func (v verifiedTokens) find(token string, verify func() (verifiedToken, error)) (verifiedToken, error) {
	if len(token) > maxVerifiedBytes {
		return verify()
	}
	hash := sha256.Sum256([]byte(token))
	if verified, found := v.byHash.Get(hash); found {
		return verified, nil
	}
	verified, err := verify()
	if err == nil {
		v.byHash.Add(hash, verified)
	}
	return verified, err
}
