// Package identity checks who a person is. It hashes and verifies passwords, says which new passwords are refused,
// brings a phone number into the form in which it is stored, and calls the services of the operator for SMS, captchas,
// digital signatures and the registry of persons. It serves no page and reads no request: the sign-in pages of package
// login, the endpoints and the command line call it.
package identity
