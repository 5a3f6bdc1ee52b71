package main_test

import (
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// TestGoOIDCSignsInOverTLS is what an application in Go does: all it knows is the issuer URL and its credentials.
func TestGoOIDCSignsInOverTLS(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	rp := newRelyingParty(t, p.issuer, a.client())
	browser := newFormBrowser(t, a.client())
	browser.stop = rp.config.RedirectURL
	verifier := oauth2.GenerateVerifier()
	landed, _ := browser.visit(rp.config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier), oidc.Nonce("nonce")))
	rp.redeem(t, landed.String(), "state", "nonce", verifier)
}
