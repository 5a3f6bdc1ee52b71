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
	both := []string{storage.FactorTOTP, FactorSMS}
	withCode := RequiredAuthentication{Assurance: storage.AssuranceOneTimeCode}
	for name, c := range map[string]struct {
		factor   *storage.AuthenticationFactor // nil: none
		expired  bool                          // the password
		required RequiredAuthentication
		proof    Proof
		app      bool // an authenticator
		want     Next
	}{
		"a password is enough":  {proof: ByPassword, want: Next{Step: StepDone}},
		"an inactive factor":    {factor: &inactive, proof: ByPassword, want: Next{Step: StepDone}},
		"a code, and no factor": {required: withCode, proof: ByPassword, want: Next{Step: StepEnrolment}},
		"a code, an inactive factor": {
			factor: &inactive, required: withCode, proof: ByPassword, want: Next{Step: StepEnrolment},
		},
		"a factor without a phone": {factor: &empty, expired: true, proof: ByPassword, want: Next{Step: StepPhone}},
		"a phone": {factor: &set, expired: true, proof: ByPassword,
			want: Next{StepSecondFactor, []string{FactorSMS}, phone}},
		"an authenticator": {app: true, proof: ByPassword, want: Next{StepSecondFactor, both[:1], ""}},
		"an authenticator and a phone": {app: true, factor: &set, proof: ByPassword,
			want: Next{StepSecondFactor, both, phone}},
		"an authenticator, and a factor without a phone": {app: true, factor: &empty, proof: ByPassword,
			want: Next{StepSecondFactor, both[:1], ""}},
		"a code that was right": {factor: &set, required: withCode, proof: ByOneTimeCode, want: Next{Step: StepDone}},
		"an old password":       {expired: true, proof: ByPassword, want: Next{Step: StepNewPassword}},
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
			if c.app {
				require.NoError(t, f.store.CreateAuthenticator(t.Context(), storage.Authenticator{
					ID: f.store.NewID(), UserID: f.user.ID, Secret: []byte("secret"), IsActive: true,
				}))
			}
			next, err := f.NextStep(t.Context(), &f.user, c.required, c.proof)
			require.NoError(t, err)
			require.Equal(t, c.want, next)
		})
	}
}
