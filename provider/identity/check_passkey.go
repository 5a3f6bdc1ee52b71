package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// The reasons of sign-ins that failed with a passkey, as the audit keeps them.
const (
	reasonUnknownPasskey = "unknown_passkey"
	reasonWrongPasskey   = "wrong_passkey"
	reasonPasskeyCloned  = "passkey_cloned"
)

// BeginSignIn asks for any passkey of this provider, of whoever has one, and for the verification of its owner: nobody
// says beforehand who they are, so that nothing is told about accounts. It returns the options for
// navigator.credentials.get, as JSON, and the ceremony.
func (p Passkeys) BeginSignIn() (options string, ceremony *PasskeyCeremony, err error) {
	assertion, session, err := p.ceremonies().BeginDiscoverableLogin(
		webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return "", nil, fmt.Errorf("identity: sign-in by a passkey: %w", err)
	}
	return p.newCeremony(passkeySignIn, assertion.Response, session)
}

// BeginSecondFactor asks for one of the passkeys of a user who has proved the password. It returns what BeginSignIn
// does. Errors: ErrPasskeyUnknown, where the user has none.
func (p Passkeys) BeginSecondFactor(
	ctx context.Context, user *storage.User,
) (options string, ceremony *PasskeyCeremony, err error) {
	passkeys, err := p.store.ListPasskeys(ctx, user.ID)
	if err != nil {
		return "", nil, err
	}
	if len(passkeys) == 0 {
		return "", nil, ErrPasskeyUnknown
	}
	owner := passkeyOwner{handle: passkeys[0].UserHandle, name: user.Email, passkeys: passkeys}
	assertion, session, err := p.ceremonies().BeginLogin(
		owner, webauthn.WithUserVerification(protocol.VerificationDiscouraged))
	if err != nil {
		return "", nil, fmt.Errorf("identity: second factor by a passkey: %w", err)
	}
	return p.newCeremony(passkeySecondFactor, assertion.Response, session)
}

// PasskeyAttempt is the answer to BeginSignIn or BeginSecondFactor.
type PasskeyAttempt struct {
	ClientID string // to which the person signs in; "" where it is to no client
	UserID   string // who has proved the password; "" to sign in without one
	Ceremony *PasskeyCeremony
	Answer   string // the PublicKeyCredential, as JSON
}

// SignIn says who signs in. Failures are limited, by the address and by the passkey, and kept in the audit. A blocked
// user is told so only after the right answer. The owner of a passkey whose sign count did not go up is told of that.
// Errors: ErrPasskeyOver, ErrPasskeyWrong, ErrPasskeyUnknown, ErrPasskeyCloned, ErrSignInLimited, ErrUserBlocked.
func (p Passkeys) SignIn(r *http.Request, a PasskeyAttempt) (*storage.User, Proof, error) {
	user, passkey, err := p.check(r, passkeySignIn, a)
	if err != nil {
		return nil, Proof{}, err
	}
	return user, byPasskey(passkey), nil
}

// VerifySecondFactor takes a passkey of the user of an attempt after the password. Limits and errors are those of
// SignIn.
func (p Passkeys) VerifySecondFactor(r *http.Request, a PasskeyAttempt) (Proof, error) {
	_, passkey, err := p.check(r, passkeySecondFactor, a)
	if err != nil {
		return Proof{}, err
	}
	return byPasskey(passkey, AMRPassword), nil
}

// check says which passkey has answered, and whose it is.
func (p Passkeys) check(r *http.Request, purpose string, a PasskeyAttempt) (*storage.User, *storage.Passkey, error) {
	ctx := r.Context()
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(a.Answer))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	try, within, err := p.beginAttempt(ctx, p.limitsOfPasskey(r, answer.RawID))
	if err != nil {
		return nil, nil, err
	}
	if !within {
		countLimited(p.Service, MethodPasskey)
		return nil, nil, errors.Join(ErrSignInLimited, try.forget(ctx))
	}
	if err := p.begin(ctx, purpose, a.Ceremony); err != nil { // it is no guess
		return nil, nil, errors.Join(err, try.forget(ctx))
	}
	user, passkey, reason, err := p.verify(r, a, answer)
	if reason == "" {
		if err == nil {
			err = try.succeeded(ctx)
		}
		return user, passkey, err
	}
	if err := p.RecordFailure(r, MethodPasskey, a.ClientID, user.ID, reason); err != nil {
		return nil, nil, err // before an answer that the audit would not have
	}
	return nil, nil, err
}

// limitsOfPasskey are of a kind of their own: wrong passwords from a hospital's address keep no passkey out.
func (p Passkeys) limitsOfPasskey(r *http.Request, credentialID []byte) []signInLimit {
	most, network := p.Limits().FailedSignIns, inbound.Network(p.clientAddress(r))
	return []signInLimit{
		{kind: "passkeys from address", value: network, most: overAll * most},
		{kind: "passkey and address", value: string(credentialID) + "\x00" + network, most: most, byOwner: true},
	}
}

// verify says who signed, and with which passkey. With a reason, which the audit keeps, comes the user as far as known.
func (p Passkeys) verify(
	r *http.Request, a PasskeyAttempt, answer *protocol.ParsedCredentialAssertionData,
) (user *storage.User, passkey *storage.Passkey, reason string, err error) {
	ctx, nobody := r.Context(), &storage.User{ID: a.UserID}
	var all []storage.Passkey
	passkey, err = p.store.FindPasskey(ctx, answer.RawID)
	if err == nil {
		user, err = p.store.FindUser(ctx, passkey.UserID)
	}
	if err == nil {
		all, err = p.store.ListPasskeys(ctx, passkey.UserID)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound), err == nil && a.UserID != "" && user.ID != a.UserID:
		return nobody, nil, reasonUnknownPasskey, ErrPasskeyUnknown
	case err != nil:
		return nobody, nil, "", err
	}
	credential, err := p.validate(a.Ceremony, passkeyOwner{passkey.UserHandle, user.Email, all}, answer)
	if err != nil {
		return user, nil, reasonWrongPasskey, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	if credential.Authenticator.CloneWarning {
		return user, nil, reasonPasskeyCloned, p.cloned(r, passkey)
	}
	if user.IsBlocked {
		return user, nil, ReasonUserBlocked, ErrUserBlocked
	}
	err = p.store.UsePasskey(ctx, passkey.ID, credential.Authenticator.SignCount, credential.Flags.BackupState)
	switch {
	case errors.Is(err, storage.ErrConflict): // another use of it, at the same time, has shown a higher count
		return user, nil, reasonPasskeyCloned, p.cloned(r, passkey)
	case errors.Is(err, storage.ErrNotFound): // removed just now
		return user, nil, reasonUnknownPasskey, ErrPasskeyUnknown
	case err != nil:
		return user, nil, "", err
	}
	return user, passkey, "", nil
}

// validate checks an answer as WebAuthn 7.2 says, but for whether a sign count that is too low is refused.
func (p Passkeys) validate(
	c *PasskeyCeremony, owner passkeyOwner, answer *protocol.ParsedCredentialAssertionData,
) (*webauthn.Credential, error) {
	if c.Purpose == passkeySecondFactor {
		return p.ceremonies().ValidateLogin(owner, c.Session, answer)
	}
	_, credential, err := p.ceremonies().ValidatePasskeyLogin(
		func([]byte, []byte) (webauthn.User, error) { return owner, nil }, c.Session, answer)
	return credential, err
}

// cloned keeps in the audit that somebody may have a copy of an authenticator, and tells its owner.
func (p Passkeys) cloned(r *http.Request, passkey *storage.Passkey) error {
	err := p.Record(r, storage.Event{
		Kind: storage.EventPasskeyCloned, UserID: passkey.UserID,
		Details: map[string]string{"id": passkey.ID, "name": passkey.Name},
	})
	if err != nil {
		return err
	}
	p.Notify(r.Context(), Notice{Kind: storage.EventPasskeyCloned, UserID: passkey.UserID, Name: passkey.Name})
	return ErrPasskeyCloned
}

// byPasskey is the proof of a passkey, after the password or of one whose authenticator has verified its owner: two
// factors in either case. The key of a passkey that may be copied to other devices is not that of one piece of
// hardware, and hence swk and phr; that the others are hardware is what they say themselves, for no attestation is
// asked for.
func byPasskey(p *storage.Passkey, before ...string) Proof {
	key, acr := "hwk", storage.AssurancePhishingResistantHardware
	if p.IsBackupEligible {
		key, acr = "swk", storage.AssurancePhishingResistant
	}
	return Proof{AMR: append(before, key, "user", "mfa"), ACR: acr, PasskeyID: p.ID}
}

// passkeyNeeded says whether only a passkey, or another one, would do after so much was proved.
func passkeyNeeded(required RequiredAuthentication, proof Proof) bool {
	return isPhishingResistant(required.Assurance) && !Satisfies(proof.ACR, required.Assurance)
}
