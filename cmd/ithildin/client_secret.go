package main

import (
	"crypto/rand"

	"ithildin/provider/oauth"
)

// newSecret generates a secret of 256 bits.
func newSecret() (string, error) { return oauth.RandomText(rand.Reader, oauth.TokenBytes) }
