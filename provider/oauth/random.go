package oauth

import (
	"encoding/base64"
	"fmt"
	"io"

	"ithildin/storage"
)

// TokenBytes is the randomness of tokens and secrets, in bytes.
const TokenBytes = 32

// OpaqueToken makes a value of 256 random bits in our own form, or of 128 in the form that mithril's clients keep.
func OpaqueToken(random io.Reader, form string) (string, error) {
	if form != storage.TokenFormLegacy {
		return RandomText(random, TokenBytes)
	}
	var raw [16]byte
	if err := readRandom(random, raw[:]); err != nil {
		return "", err
	}
	return LegacyForm(raw), nil
}

// RandomText makes a value of so many random bytes in an alphabet that is safe everywhere.
func RandomText(random io.Reader, size int) (string, error) {
	raw := make([]byte, size)
	if err := readRandom(random, raw); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func readRandom(random io.Reader, raw []byte) error {
	if _, err := io.ReadFull(random, raw); err != nil {
		return fmt.Errorf("oauth: no randomness: %w", err)
	}
	return nil
}

// LegacyForm writes 16 bytes as mithril did: the base64url of their base64, 32 letters and digits (contract section 1).
func LegacyForm(raw [16]byte) string {
	return base64.URLEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(raw[:])))
}
