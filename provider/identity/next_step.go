package identity

import (
	"context"
	"errors"
	"slices"

	"ithildin/storage"
)

// Step is what somebody does next in a sign-in.
type Step int

// The steps, in their order.
const (
	// StepPhone asks for a phone: the second factor has none yet. A one-time code that goes there is next.
	StepPhone Step = iota
	// StepOneTimeCode asks for the code that goes to the phone of the second factor.
	StepOneTimeCode
	// StepNewPassword asks for another password, since the present one is too old.
	StepNewPassword
	// StepDone asks for nothing: the sign-in is complete.
	StepDone
)

// Next is a step with the phone to which a one-time code goes; it is "" with every other step.
type Next struct {
	Step  Step
	Phone string
}

// NextStep says what a user does next who has proved so much, in a sign-in that has to be like required. It is the one
// place that knows the order of steps, for the pages and the login API alike. Errors: ErrNoFactor, where a one-time
// code is required and nothing says where it would go; ErrNoPasskey, where only a passkey, or another one, would do.
func (s *Service) NextStep(
	ctx context.Context, user *storage.User, required RequiredAuthentication, proof Proof,
) (Next, error) {
	if proof.ACR == storage.AssurancePassword {
		factor, err := s.SecondFactor(ctx, user.ID)
		switch {
		case err != nil && !errors.Is(err, ErrNoFactor):
			return Next{}, err
		case err == nil && factor.Factor == "":
			return Next{Step: StepPhone}, nil
		case err == nil:
			return Next{Step: StepOneTimeCode, Phone: factor.Factor}, nil
		case required.Assurance == storage.AssuranceOneTimeCode:
			return Next{}, ErrNoFactor
		}
	}
	if passkeyNeeded(required, proof) {
		return Next{}, ErrNoPasskey
	}
	byPassword := slices.Contains(proof.AMR, AMRPassword)
	if byPassword && s.PasswordExpired(user) {
		return Next{Step: StepNewPassword}, nil
	}
	return Next{Step: StepDone}, nil
}
