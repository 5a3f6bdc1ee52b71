// Package identity checks who a person is. It verifies passwords under limits (check_password.go, sign_in_limit.go),
// sends and verifies one-time codes (one_time_code.go), changes passwords and second factors (password_change.go,
// factor.go), says how strong a sign-in has to be (assurance.go), and calls the services of the operator for SMS,
// captchas, digital signatures and the registry of persons. It serves no page: the sign-in pages of package login and
// the login API of adapters/ehealth call it, so that both have the same steps, limits and audit.
//
// # The steps of a sign-in (Service.NextStep)
//
//	password       with a phone in the second factor    ──> one-time code
//	               with a second factor without a phone ──> phone ──> one-time code
//	               without a second factor              ──> new password or done
//	one-time code                                       ──> new password or done
//	signature                                           ──> done
//
// A new password is asked for where the present one is too old. The login API refuses such a password at once, as its
// contract has it.
package identity
