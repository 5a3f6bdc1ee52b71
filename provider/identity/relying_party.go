package identity

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"golang.org/x/net/publicsuffix"
)

// ErrNoDomain says that the issuer's host is an IP address, to which no passkey can belong (WebAuthn 5.1.2).
var ErrNoDomain = errors.New("identity: the issuer's host is an IP address")

// RelyingParty is how authenticators know this provider (WebAuthn 1.2.1).
type RelyingParty struct{ ceremonies *webauthn.WebAuthn }

// RelyingPartyOptions say what passkeys belong to. Issuer is required.
type RelyingPartyOptions struct {
	Issuer *url.URL
	// ID is the domain of the passkeys: the issuer's host, which is the default, or one above it.
	ID string
	// Name is what authenticators may show; default: ID.
	Name string
}

// NewRelyingParty checks the options. Errors: ErrNoDomain, or what is wrong with the ID.
func NewRelyingParty(o RelyingPartyOptions) (*RelyingParty, error) {
	host := o.Issuer.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, ErrNoDomain
	}
	id := cmp.Or(o.ID, host)
	if id != host {
		if !strings.HasSuffix(host, "."+id) {
			return nil, fmt.Errorf("is %q: want %s, or a domain above it", id, host)
		}
		if suffix, _ := publicsuffix.PublicSuffix(id); suffix == id {
			return nil, fmt.Errorf("is %q, under which anybody may have a domain", id)
		}
	}
	timeout := webauthn.TimeoutConfig{Timeout: PasskeyCeremonyLifetime, TimeoutUVD: PasskeyCeremonyLifetime}
	ceremonies, err := webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: cmp.Or(o.Name, id), RPOrigins: []string{o.Issuer.Scheme + "://" + o.Issuer.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: timeout, Registration: timeout},
	})
	if err != nil {
		return nil, fmt.Errorf("is %q: %w", id, err)
	}
	return &RelyingParty{ceremonies: ceremonies}, nil
}

// ID is the domain of the passkeys.
func (p *RelyingParty) ID() string { return p.ceremonies.Config.RPID }
