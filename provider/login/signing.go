package login

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
)

// Signing is what the signature page has beyond its script. The zero value has nothing.
type Signing struct {
	// Authorities are those whose certificates people sign with: the page refuses certificates of others, and puts those
	// of the authorities into the signed file. nil: it knows of none, and refuses nobody's.
	Authorities *identity.SignatureAuthorities
}

// signingPart is what the script of the signature page is told.
type signingPart struct {
	Authorities string // where their certificates are; "" for nowhere
}

func (s *signInPages) mountSigning(pages chi.Router) {
	if s.signing.Authorities != nil {
		inbound.Route(pages, PathSignatureAuthorities, s.handle(s.showAuthorities), http.MethodGet, http.MethodHead)
	}
}

// showAuthorities answers with the certificates, one after the other, in DER.
func (s *signInPages) showAuthorities(w http.ResponseWriter, r *http.Request) error {
	content, tag := s.signing.Authorities.Content()
	s.writeFile(w, r, "application/octet-stream", tag, content)
	return nil
}

// signingPart makes that part of a page, and lets the page ask this server for it.
func (s *signInPages) signingPart(v *view) (part signingPart) {
	if s.signing.Authorities != nil {
		part.Authorities = s.layout.path + PathSignatureAuthorities
		v.Policy.Connect = "'self'"
	}
	return part
}
