// Package identity checks who a person is. It hashes and verifies passwords, says which new passwords are refused, and
// brings a phone number into the form in which it is stored. It knows no page and no HTTP request: the sign-in pages of
// package login, the endpoints and the command line call it.
package identity
