package identity

import (
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

// PasskeyAttempt is the answer to BeginSignIn.
type PasskeyAttempt struct {
	ClientID string // to which the person signs in; "" where it is to no client
	Ceremony *PasskeyCeremony
	Answer   string // the PublicKeyCredential, as JSON
}

// SignIn says who signs in. Failures are limited, by the address and by the passkey, and kept in the audit. A blocked
// user is told so only after the right answer. The owner of a passkey whose sign count did not go up is told of that.
// Errors: ErrPasskeyOver, ErrPasskeyWrong, ErrPasskeyUnknown, ErrPasskeyCloned, ErrSignInLimited, ErrUserBlocked.
func (p Passkeys) SignIn(r *http.Request, a PasskeyAttempt) (*storage.User, Proof, error) {
	ctx := r.Context()
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(a.Answer))
	if err != nil {
		return nil, Proof{}, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	try, within, err := p.beginAttempt(ctx, p.limitsOfPasskey(r, answer.RawID))
	if err != nil {
		return nil, Proof{}, err
	}
	if !within {
		if err := try.forget(ctx); err != nil {
			return nil, Proof{}, err
		}
		p.count(EventSignInLimited)
		return nil, Proof{}, ErrSignInLimited
	}
	if err := p.begin(ctx, passkeySignIn, a.Ceremony); err != nil { // it is no guess
		return nil, Proof{}, errors.Join(err, try.forget(ctx))
	}
	user, proof, reason, err := p.verify(r, a.Ceremony, answer)
	if reason == "" {
		if err == nil {
			err = try.succeeded(ctx)
		}
		return user, proof, err
	}
	if err := p.RecordFailure(r, a.ClientID, user.ID, reason); err != nil {
		return nil, Proof{}, err // before an answer that the audit would not have
	}
	return nil, Proof{}, err
}

// limitsOfPasskey are of a kind of their own: wrong passwords from a hospital's address keep no passkey out.
func (p Passkeys) limitsOfPasskey(r *http.Request, credentialID []byte) []signInLimit {
	most, network := p.Limits().FailedSignIns, inbound.Network(p.clientAddress(r))
	return []signInLimit{
		{kind: "passkeys from address", value: network, most: overAll * most},
		{kind: "passkey and address", value: string(credentialID) + "\x00" + network, most: most, byOwner: true},
	}
}

// verify says who signed. With a reason, which the audit keeps, comes the user as far as known.
func (p Passkeys) verify(
	r *http.Request, c *PasskeyCeremony, answer *protocol.ParsedCredentialAssertionData,
) (user *storage.User, proof Proof, reason string, err error) {
	ctx, nobody := r.Context(), &storage.User{}
	passkey, err := p.store.FindPasskey(ctx, answer.RawID)
	if err == nil {
		user, err = p.store.FindUser(ctx, passkey.UserID)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nobody, proof, reasonUnknownPasskey, ErrPasskeyUnknown
	case err != nil:
		return nobody, proof, "", err
	}
	owner := passkeyOwner{handle: passkey.UserHandle, name: user.Email, passkeys: []storage.Passkey{*passkey}}
	_, credential, err := p.ceremonies().ValidatePasskeyLogin(
		func([]byte, []byte) (webauthn.User, error) { return owner, nil }, c.Session, answer)
	if err != nil {
		return user, proof, reasonWrongPasskey, fmt.Errorf("%w: %w", ErrPasskeyWrong, err)
	}
	if credential.Authenticator.CloneWarning {
		return user, proof, reasonPasskeyCloned, p.cloned(r, passkey)
	}
	if user.IsBlocked {
		return user, proof, ReasonUserBlocked, ErrUserBlocked
	}
	err = p.store.UsePasskey(ctx, passkey.ID, credential.Authenticator.SignCount, credential.Flags.BackupState)
	switch {
	case errors.Is(err, storage.ErrConflict): // another use of it, at the same time, has shown a higher count
		return user, proof, reasonPasskeyCloned, p.cloned(r, passkey)
	case errors.Is(err, storage.ErrNotFound): // removed just now
		return user, proof, reasonUnknownPasskey, ErrPasskeyUnknown
	case err != nil:
		return user, proof, "", err
	}
	return user, byPasskey(passkey), "", nil
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

// byPasskey is the proof of a passkey whose authenticator has verified its owner: two factors, what they have and what
// they know or are. The key of a passkey that may be copied to other devices is not that of one piece of hardware, and
// hence swk and phr; that the others are hardware is what they say themselves, for no attestation is asked for.
func byPasskey(p *storage.Passkey) Proof {
	proof := Proof{
		AMR: []string{"hwk", "user", "mfa"}, ACR: storage.AssurancePhishingResistantHardware, PasskeyID: p.ID,
	}
	if p.IsBackupEligible {
		proof.AMR[0], proof.ACR = "swk", storage.AssurancePhishingResistant
	}
	return proof
}

// passkeyNeeded says whether only a passkey, or another one, would do after so much was proved.
func passkeyNeeded(required RequiredAuthentication, proof Proof) bool {
	return isPhishingResistant(required.Assurance) && !Satisfies(proof.ACR, required.Assurance)
}
