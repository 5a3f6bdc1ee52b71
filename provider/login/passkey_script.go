package login

import (
	"net/http"
)

// passkeyScript asks authenticators. It is written by hand.
var passkeyScript = newScript("pages/passkey.js")

// passkeyPart is the part of a page that asks an authenticator. Its script shows it where the browser can, and sends
// the form with the answer.
type passkeyPart struct {
	Text      *passkeyText
	Request   string
	Options   string // for navigator.credentials, as JSON
	Integrity string // of the script
	// Offer lets the browser offer passkeys beside saved passwords, before the button is pressed.
	Offer bool
}

// passkeyPart makes that part, for the interaction that its form carries.
func (s *signInPages) passkeyPart(
	w http.ResponseWriter, r *http.Request, v *view, p Interaction, options string,
) (*passkeyPart, error) {
	request, err := s.Seal(w, r, p)
	if err != nil {
		return nil, err
	}
	v.Policy.Script, v.Policy.Passkeys = "'self'", true
	return &passkeyPart{
		Text: v.Messages.Passkeys, Request: request, Options: options, Integrity: passkeyScript.integrity,
	}, nil
}
