package identity

import "slices"

// The ways to prove who one is, by which sign-ins are counted.
const (
	MethodPassword      = "password"
	MethodOneTimeCode   = "one_time_code"
	MethodAuthenticator = "authenticator"
	MethodRecoveryCode  = "recovery_code"
	MethodPasskey       = "passkey"
	MethodSignature     = "signature"
)

// The outcomes of sign-ins, as they are counted.
const (
	signInSucceeded = "succeeded"
	signInFailed    = "failed"
	signInLimited   = "limited"
)

// SignInMethods and SignInOutcomes are all of them. A sign-in that succeeds counts under its last proof: that of the
// second factor where there was one, which for a recovery code is authenticator.
var (
	SignInMethods = []string{
		MethodPassword, MethodOneTimeCode, MethodAuthenticator, MethodRecoveryCode, MethodPasskey, MethodSignature,
	}
	SignInOutcomes = []string{signInSucceeded, signInFailed, signInLimited}
)

// method is the last way in which a person has proved who they are.
func (p Proof) method() string {
	switch {
	case slices.Contains(p.AMR, "pop"):
		return MethodSignature
	case p.PasskeyID != "":
		return MethodPasskey
	case slices.Contains(p.AMR, "sms"):
		return MethodOneTimeCode
	case slices.Contains(p.AMR, "otp"):
		return MethodAuthenticator
	}
	return MethodPassword
}

// countLimited counts a sign-in that is over a limit, which is not kept in the audit: whoever makes such could fill it.
func countLimited(s *Service, method string) {
	s.count(EventSignInLimited)
	s.countSignIn(method, signInLimited)
}
