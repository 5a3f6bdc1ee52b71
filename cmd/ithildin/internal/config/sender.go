package config

import (
	"cmp"
)

// senderFlags say what senders of requests prove to hold.
type senderFlags struct {
	DPoPNonce string `name:"dpop-nonce" env:"ITHILDIN_DPOP_NONCE" placeholder:"optional|required" help:"@dpop_nonce"`
}

// Sender are senderFlags that were found right.
type Sender struct {
	DPoPNonce string // dpopNonceOptional or dpopNonceRequired
}

const (
	dpopNonceOptional = "optional"
	dpopNonceRequired = "required"
)

func (f senderFlags) load(p *problems) Sender {
	s := Sender{DPoPNonce: cmp.Or(f.DPoPNonce, dpopNonceOptional)}
	if s.DPoPNonce != dpopNonceOptional && s.DPoPNonce != dpopNonceRequired {
		p.add("ITHILDIN_DPOP_NONCE", "is %q: want %s or %s", f.DPoPNonce, dpopNonceOptional, dpopNonceRequired)
	}
	return s
}

// RequiresDPoPNonce says whether a DPoP proof must have a nonce.
func (s Sender) RequiresDPoPNonce() bool { return s.DPoPNonce == dpopNonceRequired }
