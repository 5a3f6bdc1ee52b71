// Package identity checks who a person is. It verifies passwords under limits (check_password.go, sign_in_limit.go),
// sends and verifies one-time codes (one_time_code.go), verifies codes of authenticators and recovery codes
// (authenticator.go, recovery_code.go), changes passwords and second factors (password_change.go, factor.go,
// second_factor.go), says how strong a sign-in has to be (assurance.go), and calls the services of the operator for
// SMS, captchas, digital signatures and the registry of persons. It serves no page: the sign-in pages of package login
// and the login API of adapters/ehealth call it, so that both have the same steps, limits and audit.
//
// # The steps of a sign-in (Service.NextStep)
//
//	password       with second factors that are set     ──> one of them, the strongest first
//	               with a phone alone that is not set   ──> phone ──> one-time code
//	               without one, where it is required    ──> enrolment
//	               without one                          ──> new password or done
//	second factor, enrolment                            ──> new password or done
//	signature                                           ──> done
//
// A new password is asked for where the present one is too old. The login API refuses such a password at once, as its
// contract has it.
package identity
