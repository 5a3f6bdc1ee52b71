// Package login serves the pages on which people sign in, consent, sign out, and manage their sessions and approvals,
// in Ukrainian and English. It owns cookies, login sessions and pending requests. Whether somebody has proved who they
// are is for package identity. It decides nothing about OAuth: package provider examines the authorization request and
// calls this package when it needs a person.
//
// # Routes (Service.Handler; below the path of the issuer)
//
//	GET, POST   /login/sign-in        e-mail and password (sign_in.go)
//	GET, POST   /login/code           one-time code of the second factor (code_page.go)
//	GET, POST   /login/phone          a phone, for a second factor without one (phone_page.go)
//	GET, POST   /login/factor         the choice among the second factors of a person (factor_page.go)
//	GET, POST   /login/authenticator  the code of an authenticator app
//	GET, POST   /login/recovery-code  a recovery code
//	GET, POST   /login/authenticator/new    adds an authenticator, where a second factor is required (enrolment_page.go)
//	POST        /login/authenticator/saved  goes on from the recovery codes
//	GET, POST   /login/new-password   a new password, if the present one is too old (new_password_page.go)
//	GET, POST   /login/signature      digital signature (signature_page.go)
//	POST        /login/passkey        the answer of an authenticator (passkey_sign_in.go)
//	GET, POST   /login/passkey/factor a passkey as second factor (passkey_factor_page.go)
//	GET, POST   /login/passkey/new    adds a passkey, where only one would do (passkey_enrolment_page.go)
//	GET         /login/passkey.js     the script that asks authenticators (passkey_script.go)
//	GET         /login/signature.js   the script that signs in the browser (signature_script.go)
//	GET         /login/signature/authorities  certificates for that script (signing.go)
//	POST        /login/signature/proxy/…      what that script asks authorities (signature_proxy.go)
//	GET         /login/signature/library/…    scripts of the operator's library (signing.go, signature_library.go)
//	GET, POST   /login/invite         what an invitation is for, and an account for a new person (invitation_page.go)
//	GET, POST   /login/invite/accept  the answer to an invitation (invitation_answer.go)
//	GET, POST   /login/sign-out       ends the login session (sign_out.go)
//	GET, POST   /login/account        sessions and approvals of the person (account.go)
//	GET, POST   /login/account/password       another password (password_page.go)
//	GET, POST   /login/account/password/code  the code that confirms it
//	GET, POST   /login/account/phone          another phone: the password (phone_change_page.go)
//	GET, POST   /login/account/phone/code     the code to the phone so far
//	GET, POST   /login/account/phone/new      the new number
//	GET, POST   /login/account/phone/confirm  the code to it
//	GET, POST   /login/account/passkeys       the passkeys of the person (passkey_page.go)
//	GET, POST   /login/account/authenticator   adds an authenticator (factor_change_page.go)
//	GET, POST   /login/account/recovery-codes  new recovery codes
//	GET, POST   /login/account/factor          removes a second factor
//	GET         /login/account/access          who had access to the person's data (access_page.go)
//	GET, POST   /login/account/data            a copy of the person's data (export_page.go)
//	GET         /login/conditions     leads to the terms of the operator (operator.go)
//
// Package provider serves more on pages of this package:
//
//	GET         /                     the account, or where to go (front_page.go)
//	GET, POST   /login/consent        the scopes that a client requests (consent.go)
//	GET         /login/continue       continues an authorization request after the sign-in
//	GET, POST   /device               the code of a device that is elsewhere (device_pages.go)
//	GET, POST   /device/confirm       whether that device may have access
//	GET         /device/qr            the address with the code, as a picture (device_qr.go)
//
// # The parts of the Service
//
//	signInPages     where people prove who they are: sign_in.go, step.go and the pages of the further steps
//	invitationPages answers to invitations: invitation*.go
//	accountPages    the account and signing out: account.go, sign_out.go
//	credentialPages password and phone of a signed-in person: credential.go, password_page.go,
//	                phone_change_page.go
//	passkeyPages    passkeys of a signed-in person: passkey_page.go
//	factorPages     second factors in a sign-in: factor_page.go, enrolment_page.go
//	factorChangePages second factors of a signed-in person: factor_change_page.go
//	layout          writes pages: page.go, language.go, error.go, consent.go, form_post.go, operator.go,
//	                device_pages.go
//	interactions    what waits for a person, sealed: pending.go
//	sessions        login sessions: session.go, browser_state.go
//	devices         the cookie of known devices: device_cookie.go
//	cookies         names and attributes of cookies: cookie.go
//
// # A sign-in
//
// The server keeps no state of a sign-in. The authorization request and what the person has proved so far are sealed in
// the parameter "request" of each page (Interaction), under a key of the browser's cookie. Attempts are counted in the
// database.
//
//	provider.Authorize ──> sign-in
//	sign-in         the password is right: with second factors            ──> authenticator or code, the strongest
//	                                       the phone alone, and not set   ──> phone ──> code
//	                                       none, and one is required      ──> authenticator/new ──> done
//	                                       a passkey is required, and none is there ──> passkey/new ──> done
//	                                       none                           ──> done
//	a second factor another one is wanted ──> factor ──> authenticator, code or recovery-code
//	                it is right                                           ──> done
//	signature       the signature is right                                ──> session starts ──> continue
//	passkey         the answer is right                                   ──> session starts ──> continue
//	done            the password is too old                               ──> new-password ──> session starts
//	                                                                      ──> session starts ──> continue
//
// The first page is signature if a scope requires it (identity/assurance.go). identity.Service.NextStep decides what
// comes next, and proceed (step.go) leads there. A page of a new step has a show and a submit function in a file of its
// own, and a row in Service.Handler.
//
// A session that is too weak for a request, and good but for that, goes to a second factor without the password
// (StepUp).
//
// # Second factors
//
// identity.SecondFactors is what a person has. A kind of its own has a page that takes it (factorPaths), its words
// (factorText.Kinds), a branch in storage.ListSecondFactors, and a case in RemoveSecondFactor and ActivateSecondFactor.
// Whoever adds or removes one has signed in within the last five minutes, by a second factor where there is one
// (beginRecent), and the first is added after a link to their mailbox, where the operator has not said otherwise
// (askForLink); the secret of an authenticator that is being added is sealed in the page, and stored with the first
// right code.
//
// # An invitation
//
//	link of a letter ──> what it is for; new person: password ──> phone ──> code ──> session starts ──> the answer
//	                                     known person: sign-in, if there is no session ──> the answer
//
// Showing a page uses nothing up. The invitation is read from its source for each page (InvitationSource), and compared
// with what was shown first; the account of another address than the invited one cannot answer.
//
// # A change of the password or the phone
//
// The progress of a change (AccountChange) is sealed as that of a sign-in is, and bound to the session besides. The
// present password is always asked for, and counts as one of a sign-in does.
//
//	password        with a phone, and without a code in the last 10 minutes ──> password/code ──> account
//	                otherwise                                               ──> account
//	phone           ──> phone/code, to the number so far ──> phone/new ──> phone/confirm, to the new one ──> account
//
// Passkeys are shown to whoever has signed in within the last five minutes, and to others after another sign-in, so
// that nobody adds or removes one with a session that they have stolen. What an authenticator is asked is sealed into
// the page (identity.PasskeyCeremony) and is answered once, within five minutes.
//
// All of a change is within ten minutes. The new phone is stored at the end, in one write that requires the one before
// to be there still. A phone that an operator has reset is given at the next sign-in, never in a session from before.
package login
