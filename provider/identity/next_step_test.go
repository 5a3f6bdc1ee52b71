package identity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestNextStepOfASignIn(t *testing.T) {
	const phone = "+380501234567"
	set := storage.AuthenticationFactor{IsActive: true, Factor: phone}
	empty, inactive := storage.AuthenticationFactor{IsActive: true}, storage.AuthenticationFactor{Factor: phone}
	withCode := RequiredAuthentication{Assurance: storage.AssuranceOneTimeCode}
	for name, c := range map[string]struct {
		factor   *storage.AuthenticationFactor // nil: none
		expired  bool                          // the password
		required RequiredAuthentication
		proof    Proof
		want     Next
		err      error
	}{
		"a password is enough":       {proof: ByPassword, want: Next{Step: StepDone}},
		"an inactive factor":         {factor: &inactive, proof: ByPassword, want: Next{Step: StepDone}},
		"a code, and no factor":      {required: withCode, proof: ByPassword, err: ErrNoFactor},
		"a code, an inactive factor": {factor: &inactive, required: withCode, proof: ByPassword, err: ErrNoFactor},
		"a factor without a phone":   {factor: &empty, expired: true, proof: ByPassword, want: Next{Step: StepPhone}},
		"a phone":                    {factor: &set, expired: true, proof: ByPassword, want: Next{StepOneTimeCode, phone}},
		"a code that was right":      {factor: &set, required: withCode, proof: ByOneTimeCode, want: Next{Step: StepDone}},
		"an old password":            {expired: true, proof: ByPassword, want: Next{Step: StepNewPassword}},
		"an old password and a right code": {
			factor: &set, expired: true, proof: ByOneTimeCode, want: Next{Step: StepNewPassword},
		},
		"an old password, a signature": {expired: true, proof: BySignature, want: Next{Step: StepDone}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, storagetest.Engines()[0], func(o *Options) { o.Components.PasswordLifetime = time.Hour })
			f.user.PasswordSetAt = f.clock.Now()
			if c.expired {
				f.user.PasswordSetAt = f.user.PasswordSetAt.Add(-time.Hour)
			}
			if c.factor != nil {
				factor := *c.factor
				factor.ID, factor.UserID, factor.Type = f.store.NewID(), f.user.ID, FactorSMS
				require.NoError(t, f.store.CreateAuthenticationFactor(t.Context(), factor))
			}
			next, err := f.NextStep(t.Context(), &f.user, c.required, c.proof)
			require.ErrorIs(t, err, c.err)
			require.Equal(t, c.want, next)
		})
	}
}
