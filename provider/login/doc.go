// Package login serves the pages on which people sign in, consent, sign out, and manage their sessions and approvals,
// in Ukrainian and English. It owns cookies, login sessions and pending requests. Whether somebody has proved who they
// are is for package identity. It decides nothing about OAuth: package provider examines the authorization request and
// calls this package when it needs a person.
//
// # Routes (Service.Handler; below the path of the issuer)
//
//	GET, POST   /login/sign-in        e-mail and password
//	GET, POST   /login/code           one-time code of the second factor
//	GET, POST   /login/phone          a phone, for a second factor without one
//	GET, POST   /login/new-password   a new password, if the present one has expired
//	GET, POST   /login/signature      digital signature
//	GET, POST   /login/sign-out       ends the login session
//	GET, POST   /login/account        sessions and approvals of the person
//
// Package provider serves two more on pages of this package:
//
//	GET, POST   /login/consent        the scopes that a client requests
//	GET         /login/continue       continues an authorization request after the sign-in
//
// # A sign-in
//
// The server keeps no state of a sign-in. The authorization request and what the person has proved so far are sealed in
// the parameter "request" of each page (Pending), under a key of the browser's cookie. Attempts are counted in the
// database.
//
//	provider.Authorize ──> sign-in
//	sign-in         password is right:  no second factor   ──> complete
//	                                    with a phone       ──> code
//	                                    without a phone    ──> phone ──> code
//	code            code is right                          ──> complete
//	signature       signature is right                     ──> complete
//	complete        the password has expired               ──> new-password ──> complete
//	                                                       ──> session starts ──> continue
//
// The first page is signature if a scope requires it (identity/assurance.go). identity.Service.NextStep decides what
// comes next, and step.go leads there.
package login
