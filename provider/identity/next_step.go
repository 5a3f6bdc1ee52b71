package identity

import (
	"context"
	"slices"

	"ithildin/storage"
)

// Step is what somebody does next in a sign-in.
type Step int

// The steps, in their order.
const (
	// StepPhone asks for a phone: the one second factor is that of the phone, and it has none yet. A one-time code that
	// goes there is next.
	StepPhone Step = iota
	// StepSecondFactor asks for a second factor of one of Next.Kinds.
	StepSecondFactor
	// StepEnrolment asks for a second factor to be added: one is required, and there is none.
	StepEnrolment
	// StepPasskeyEnrolment asks for a passkey to be added: only one would do, and all that was proved is less.
	StepPasskeyEnrolment
	// StepNewPassword asks for another password, since the present one is too old.
	StepNewPassword
	// StepDone asks for nothing: the sign-in is complete.
	StepDone
)

// Next is a step. With StepSecondFactor come the kinds among which the person may choose, the strongest first, and the
// phone to which a one-time code would go, "" where the person has none.
type Next struct {
	Step  Step
	Kinds []string
	Phone string
}

// NextStep says what a user does next who has proved so much, in a sign-in that has to be like required. It is the one
// place that knows the order of steps, for the pages and the login API alike. Errors: ErrNoPasskey, where only a
// passkey would do and there can be none.
func (s *Service) NextStep(
	ctx context.Context, user *storage.User, required RequiredAuthentication, proof Proof,
) (Next, error) {
	if proof.ACR == storage.AssurancePassword {
		has, err := Factors{s}.SecondFactors(ctx, user.ID)
		switch {
		case err != nil:
			return Next{}, err
		case len(has.List) > 0 && proof.IsRemembered && !demandsMore(required):
		case len(has.List) > 0:
			// Also where the phone is missing: whoever knows the password alone must not set one beside another factor.
			return Next{Step: StepSecondFactor, Kinds: has.Kinds(), Phone: has.Phone}, nil
		case has.PhoneMissing:
			return Next{Step: StepPhone}, nil
		case required.Assurance == storage.AssuranceOneTimeCode:
			return Next{Step: StepEnrolment}, nil
		}
	}
	if passkeyNeeded(required, proof) {
		return s.passkeyStep(ctx, user, proof)
	}
	byPassword := slices.Contains(proof.AMR, AMRPassword)
	if byPassword && s.PasswordExpired(user) {
		return Next{Step: StepNewPassword}, nil
	}
	return Next{Step: StepDone}, nil
}

// passkeyStep is the step of somebody who needs a passkey and has not used one that would do. Whoever has one uses it:
// a code, which a fake site can ask for, must not bring in another. Errors: ErrNoPasskey.
func (s *Service) passkeyStep(ctx context.Context, user *storage.User, proof Proof) (Next, error) {
	if !(Passkeys{s}).AreOn() {
		return Next{}, ErrNoPasskey
	}
	has, err := Factors{s}.SecondFactors(ctx, user.ID)
	if err != nil {
		return Next{}, err
	}
	if !isPhishingResistant(proof.ACR) && slices.Contains(has.Kinds(), storage.FactorPasskey) {
		return Next{}, ErrNoPasskey
	}
	return Next{Step: StepPasskeyEnrolment}, nil
}

// demandsMore says whether a sign-in by the password alone is not enough.
func demandsMore(required RequiredAuthentication) bool {
	return strength(required.Assurance) > strength(storage.AssurancePassword)
}
