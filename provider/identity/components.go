package identity

import "time"

// Components are the services and rules by which people prove who they are. What is nil is not there: whatever needs it
// is refused, but for a captcha and the registry of persons, which are then not asked.
type Components struct {
	SMS        SMSSender
	Captcha    CaptchaVerifier
	Signatures SignatureVerifier
	Persons    PersonFinder
	// Passkeys is what passkeys belong to; nil: there are none.
	Passkeys *RelyingParty
	// FirstFactorNeedsLink says that whoever has no second factor adds one only in a browser that has followed a link to
	// their mailbox just now: the password alone, which somebody may have stolen, is not enough.
	FirstFactorNeedsLink bool
	// RememberBrowser is for how long a person who says so is asked for no second factor in the same browser, where
	// nothing requires one; 0: it is asked for at every sign-in.
	RememberBrowser time.Duration
	// OneTimeCodeText is the message with a code in the place of {code}.
	OneTimeCodeText string
	Limits          Limits
	// PasswordLifetime is the age at which a password must be changed; 0: never.
	PasswordLifetime time.Duration
	// ChangePasswordLifetime is how long a change_password_token lives; 0: ChangePasswordLifetime.
	ChangePasswordLifetime time.Duration
	// PasswordResetEndsTokens says that everything which clients were given for a user ends when a forgotten password is
	// set. Otherwise their tokens stay, as they did in the eHealth system; sessions and tokens of the login API end in any
	// case.
	PasswordResetEndsTokens bool
}

// ChangePasswordLifetime is how long a person has to choose a password through the login API, unless the operator says
// otherwise.
const ChangePasswordLifetime = 15 * time.Minute

// oneTimeCodeText is Ukrainian, as the phones are.
const oneTimeCodeText = "Код підтвердження: {code}"

// SetDefaults fills in a sender and a verifier that refuse every call, the text of a one-time code and limits, where c
// has none.
func (c *Components) SetDefaults() {
	if c.SMS == nil {
		c.SMS = noSMS{}
	}
	if c.Signatures == nil {
		c.Signatures = noSignatures{}
	}
	if c.OneTimeCodeText == "" {
		c.OneTimeCodeText = oneTimeCodeText
	}
	c.Limits = c.Limits.withDefaults()
}
