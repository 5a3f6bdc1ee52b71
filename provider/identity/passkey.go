package identity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"ithildin/storage"
)

// PasskeyCeremonyLifetime is how long an authenticator has to answer.
const PasskeyCeremonyLifetime = 5 * time.Minute

const (
	// MaximumPasskeyName bounds the name of a passkey, in characters.
	MaximumPasskeyName = 64
	// userHandleBytes is the length of a user handle; WebAuthn 5.4.3 takes 64 at most.
	userHandleBytes = 64
)

// passkeyTransports are those of WebAuthn 5.8.4; a browser could name any.
var passkeyTransports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}

// Why an answer of an authenticator is refused; ErrSignInLimited and ErrUserBlocked are among them too.
var (
	ErrPasskeyOver    = errors.New("identity: the ceremony is over, was answered, or is another one")
	ErrPasskeyWrong   = errors.New("identity: the answer of the authenticator is not right")
	ErrPasskeyUnknown = errors.New("identity: nobody here has the passkey")
	ErrPasskeyCloned  = errors.New("identity: the sign count of the passkey did not go up")
	ErrPasskeyTaken   = errors.New("identity: the passkey is registered already")
	ErrNoPasskey      = errors.New("identity: the sign-in needs a passkey")
)

// Passkeys registers passkeys, and signs people in by them (WebAuthn Level 3, section 7).
type Passkeys struct{ *Service }

// AreOn says whether people can have passkeys.
func (p Passkeys) AreOn() bool { return p.components.Passkeys != nil }

// The purposes of ceremonies.
const (
	passkeyRegistration = "registration"
	passkeySignIn       = "sign_in"
	passkeySecondFactor = "second_factor"
)

// PasskeyCeremony is what an authenticator is asked, and what its answer is checked against. Whoever keeps one seals
// it, for the browser that it was made for: nothing of it may be chosen by the person.
type PasskeyCeremony struct {
	Purpose string               `json:"purpose"`
	At      int64                `json:"at"` // microseconds
	Session webauthn.SessionData `json:"session"`
}

func (p Passkeys) ceremonies() *webauthn.WebAuthn { return p.components.Passkeys.ceremonies }

// newCeremony returns the options for navigator.credentials, as JSON, and the ceremony that they begin.
func (p Passkeys) newCeremony(
	purpose string, options any, session *webauthn.SessionData,
) (string, *PasskeyCeremony, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return "", nil, fmt.Errorf("identity: options of a passkey: %w", err)
	}
	return string(encoded), &PasskeyCeremony{Purpose: purpose, At: p.now().UnixMicro(), Session: *session}, nil
}

// begin uses a ceremony up, in one conditional write: it has one answer, right or wrong. Errors: ErrPasskeyOver.
func (p Passkeys) begin(ctx context.Context, purpose string, c *PasskeyCeremony) error {
	ends := time.UnixMicro(c.At).Add(PasskeyCeremonyLifetime)
	if c.Purpose != purpose || !p.now().Before(ends) {
		return ErrPasskeyOver
	}
	err := p.store.UseJTI(ctx, "passkey", p.host, c.Session.Challenge, p.store.NewID(), ends)
	if errors.Is(err, storage.ErrUsed) {
		return ErrPasskeyOver
	}
	return err
}

// passkeyOwner is a user as authenticators know them. It implements webauthn.User.
type passkeyOwner struct {
	handle   []byte
	name     string
	passkeys []storage.Passkey
}

// WebAuthnID implements webauthn.User.
func (o passkeyOwner) WebAuthnID() []byte { return o.handle }

// WebAuthnName implements webauthn.User.
func (o passkeyOwner) WebAuthnName() string { return o.name }

// WebAuthnDisplayName implements webauthn.User.
func (o passkeyOwner) WebAuthnDisplayName() string { return o.name }

// WebAuthnCredentials implements webauthn.User.
func (o passkeyOwner) WebAuthnCredentials() []webauthn.Credential {
	credentials := make([]webauthn.Credential, len(o.passkeys))
	for i, p := range o.passkeys {
		credentials[i] = webauthn.Credential{
			ID: p.CredentialID, PublicKey: p.PublicKey,
			Flags: webauthn.CredentialFlags{
				UserPresent: true, BackupEligible: p.IsBackupEligible, BackupState: p.IsBackedUp,
			},
			Authenticator: webauthn.Authenticator{SignCount: p.SignCount},
		}
		for _, transport := range p.Transports {
			credentials[i].Transport = append(credentials[i].Transport, protocol.AuthenticatorTransport(transport))
		}
	}
	return credentials
}

// BeginRegistration asks for a new passkey of a user. It returns the options for navigator.credentials.create, as JSON,
// and the ceremony. Errors: ErrTooManyFactors.
func (p Passkeys) BeginRegistration(
	ctx context.Context, user *storage.User,
) (options string, ceremony *PasskeyCeremony, err error) {
	passkeys, err := p.store.ListPasskeys(ctx, user.ID)
	if err != nil {
		return "", nil, err
	}
	if len(passkeys) >= mostFactors {
		return "", nil, ErrTooManyFactors
	}
	owner := passkeyOwner{name: user.Email, passkeys: passkeys}
	if len(passkeys) > 0 {
		owner.handle = passkeys[0].UserHandle // or an authenticator would show two accounts
	} else {
		owner.handle = make([]byte, userHandleBytes)
		if _, err := io.ReadFull(p.random, owner.handle); err != nil {
			return "", nil, fmt.Errorf("identity: no randomness: %w", err)
		}
	}
	exclusions := webauthn.Credentials(owner.WebAuthnCredentials()).CredentialDescriptors()
	creation, session, err := p.ceremonies().BeginRegistration(owner, webauthn.WithExclusions(exclusions))
	if err != nil {
		return "", nil, fmt.Errorf("identity: registration of a passkey: %w", err)
	}
	return p.newCeremony(passkeyRegistration, creation.Response, session)
}

// NewPasskey is the answer to BeginRegistration.
type NewPasskey struct {
	UserID   string
	Name     string // as the person typed it
	Device   string // what it is called where nothing was typed; "" where that is not known either
	Ceremony *PasskeyCeremony
	Answer   string // the PublicKeyCredential, as JSON
}

// Register stores the passkey of an answer, and makes recovery codes where the user has none left. They are returned,
// to be shown this once, with what the answer proves. Errors: ErrPasskeyOver, ErrPasskeyWrong, ErrPasskeyTaken,
// ErrTooManyFactors.
func (p Passkeys) Register(r *http.Request, n NewPasskey) (recovery []string, proof Proof, err error) {
	ctx := p.ActingAsOwner(r, n.UserID)
	if err := p.begin(ctx, passkeyRegistration, n.Ceremony); err != nil {
		return nil, Proof{}, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(n.Answer))
	if err != nil {
		return nil, Proof{}, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	owner := passkeyOwner{handle: n.Ceremony.Session.UserID}
	credential, err := p.ceremonies().CreateCredential(owner, n.Ceremony.Session, answer)
	if err != nil {
		return nil, Proof{}, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	aaguid, err := uuid.FromBytes(credential.Authenticator.AAGUID)
	if err != nil {
		return nil, Proof{}, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	passkey := storage.Passkey{
		ID: p.store.NewID(), UserID: n.UserID, Name: passkeyName(cmp.Or(strings.TrimSpace(n.Name), n.Device)),
		CredentialID: credential.ID,
		UserHandle:   owner.handle, PublicKey: credential.PublicKey, SignCount: credential.Authenticator.SignCount,
		AAGUID: aaguid.String(), IsBackupEligible: credential.Flags.BackupEligible,
		IsBackedUp: credential.Flags.BackupState, CreatedAt: p.now(),
	}
	for _, transport := range credential.Transport {
		if slices.Contains(passkeyTransports, transport) {
			passkey.Transports = append(passkey.Transports, string(transport))
		}
	}
	recovery, err = p.addPasskey(ctx, passkey)
	if errors.Is(err, storage.ErrConflict) {
		err = ErrPasskeyTaken
	}
	return recovery, byPasskey(&passkey), err
}

// addPasskey stores a passkey, with recovery codes where there are none. Errors: ErrTooManyFactors; storage.ErrConflict
// where it is registered already.
func (p Passkeys) addPasskey(ctx context.Context, passkey storage.Passkey) (recovery []string, err error) {
	factors := Factors(p)
	codes, macs, err := factors.newRecoveryCodes(ctx, passkey.UserID)
	if err != nil {
		return nil, err
	}
	err = p.store.Together(ctx, func(ctx context.Context) error {
		has, err := factors.lockFactors(ctx, passkey.UserID, storage.FactorPasskey)
		if err != nil {
			return err
		}
		if err := p.store.CreatePasskey(ctx, passkey); err != nil {
			return err
		}
		recovery = nil
		if len(has.List) > 0 && has.RecoveryCodes > 0 {
			return nil
		}
		recovery = codes
		return p.store.ReplaceRecoveryCodes(ctx, passkey.UserID, passkey.ID, macs)
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// passkeyName is a name of one line, without what no name has, and bounded.
func passkeyName(typed string) string {
	name := strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) && c != utf8.RuneError {
			return c
		}
		return -1
	}, typed))
	if utf8.RuneCountInString(name) > MaximumPasskeyName {
		name = string([]rune(name)[:MaximumPasskeyName])
	}
	if name == "" {
		return "Passkey"
	}
	return name
}
