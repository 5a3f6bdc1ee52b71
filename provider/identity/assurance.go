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
	return strength(session.ACR) >= strength(d.Assurance)
}

// CompareAssurances orders assurances from the weakest to the strongest, as cmp.Compare does.
func CompareAssurances(a, b string) int { return cmp.Compare(strength(a), strength(b)) }

// strength orders the assurances; what is none of them counts as the weakest.
func strength(assurance string) int {
	switch assurance {
	case storage.AssuranceOneTimeCode:
		return 2
	case storage.AssuranceSignature:
		return 3
	}
	return 1
}

// AMRPassword is the amr value of a password (RFC 8176).
const AMRPassword = "pwd"

// Proof is how somebody has proved who they are.
type Proof struct {
	AMR []string // values of RFC 8176
	ACR string   // storage.Assurance…
}

// The ways in which a person proves who they are. A one-time code comes after a password.
var (
	ByPassword    = Proof{AMR: []string{AMRPassword}, ACR: storage.AssurancePassword}
	ByOneTimeCode = Proof{AMR: []string{AMRPassword, "otp", "mfa"}, ACR: storage.AssuranceOneTimeCode}
	BySignature   = Proof{AMR: []string{"pop"}, ACR: storage.AssuranceSignature}
)
