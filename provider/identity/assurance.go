package identity

import (
	"cmp"

	"ithildin/storage"
)

// RequiredAuthentication is what a sign-in has to be like: the form that is shown, and how sure one must be of the
// person.
type RequiredAuthentication struct {
	Form      string `json:"form,omitempty"`      // storage.LoginForm…
	Assurance string `json:"assurance,omitempty"` // storage.Assurance…, which are also the acr values
}

// RequiredAuthenticationOf is the strictest of what scopes ask for. A digital signature has a form of its own.
func RequiredAuthenticationOf(scopes []storage.Scope) RequiredAuthentication {
	d := RequiredAuthentication{Form: storage.LoginFormPassword, Assurance: storage.AssurancePassword}
	for _, scope := range scopes {
		if scope.LoginForm == storage.LoginFormPatient && d.Form == storage.LoginFormPassword {
			d.Form = storage.LoginFormPatient
		}
		d = d.AtLeast(scope.Assurance)
		if scope.LoginForm == storage.LoginFormSignature {
			d = d.AtLeast(storage.AssuranceSignature)
		}
	}
	return d
}

// AtLeast is the demand for an assurance that is no weaker than the given one.
func (d RequiredAuthentication) AtLeast(assurance string) RequiredAuthentication {
	if strength(assurance) > strength(d.Assurance) {
		d.Assurance = assurance
	}
	if d.Assurance == storage.AssuranceSignature {
		d.Form = storage.LoginFormSignature
	}
	return d
}

// SatisfiedBy says whether a session is strong enough.
func (d RequiredAuthentication) SatisfiedBy(session storage.LoginSession) bool {
	return Satisfies(session.ACR, d.Assurance)
}

// Satisfies says whether a sign-in of one assurance is good where another one is required: the same or a weaker. A
// digital signature is the strongest, but not phishing-resistant: another site may have shown what is signed.
func Satisfies(assurance, required string) bool {
	if assurance == storage.AssuranceSignature && isPhishingResistant(required) {
		return false
	}
	return strength(assurance) >= strength(required)
}

func isPhishingResistant(assurance string) bool {
	return assurance == storage.AssurancePhishingResistant || assurance == storage.AssurancePhishingResistantHardware
}

// CompareAssurances orders assurances from the weakest to the strongest, as cmp.Compare does.
func CompareAssurances(a, b string) int { return cmp.Compare(strength(a), strength(b)) }

// strength orders the assurances; what is none of them counts as the weakest.
func strength(assurance string) int {
	switch assurance {
	case storage.AssuranceOneTimeCode:
		return 2
	case storage.AssurancePhishingResistant:
		return 3
	case storage.AssurancePhishingResistantHardware:
		return 4
	case storage.AssuranceSignature:
		return 5
	}
	return 1
}

// AMRPassword is the amr value of a password (RFC 8176).
const AMRPassword = "pwd"

// Proof is how somebody has proved who they are.
type Proof struct {
	AMR []string // values of RFC 8176
	ACR string   // storage.Assurance…
	// IsRemembered says that the person signs in by the password in a browser that is remembered: a second factor is asked
	// for only where one is required.
	IsRemembered bool
	// PasskeyID is the passkey that was used; "" without one.
	PasskeyID string
}

// The ways in which a person proves who they are. ByOneTimeCode is by a code that came by SMS, ByAuthenticator by
// one of an authenticator or by a recovery code; both come after a password.
var (
	ByPassword      = Proof{AMR: []string{AMRPassword}, ACR: storage.AssurancePassword}
	ByOneTimeCode   = Proof{AMR: []string{AMRPassword, "otp", "sms", "mfa"}, ACR: storage.AssuranceOneTimeCode}
	ByAuthenticator = Proof{AMR: []string{AMRPassword, "otp", "mfa"}, ACR: storage.AssuranceOneTimeCode}
	BySignature     = Proof{AMR: []string{"pop"}, ACR: storage.AssuranceSignature}
)
