package login

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
)

// Signing is what the signature page has beyond its script. The zero value has nothing.
type Signing struct {
	// Authorities are those whose certificates people sign with: the page refuses certificates of others, and puts those
	// of the authorities into the signed file. nil: it knows of none, and refuses nobody's.
	Authorities *identity.SignatureAuthorities
	// Services are those of authorities that the page asks, by way of this server; they need Authorities. nil: none.
	Services *identity.AuthorityServices
}

// signingPart is what the script of the signature page is told.
type signingPart struct {
	Authorities string // where their certificates are; "" for nowhere
	Proxy       string // where it may ask services of authorities; "" for nowhere
	Finders     string // the URLs of CMP services, with blanks between them
}

// signatureTools serve what the script of the signature page needs.
type signatureTools struct {
	*layout
	*interactions
	Signing
	identity  *identity.Service
	signIns   inbound.RateLimit // of questions to authorities
	addresses inbound.RateLimit
	slots     chan struct{}
}

func (s *signatureTools) mount(pages chi.Router) {
	if s.Authorities != nil {
		inbound.Route(pages, PathSignatureAuthorities, s.handle(s.showAuthorities), http.MethodGet, http.MethodHead)
	}
	if s.Services != nil {
		inbound.Route(pages, PathSignatureProxy+"/{signIn}", s.handle(s.forwardQuestion), http.MethodPost)
	}
}

// showAuthorities answers with the certificates, one after the other, in DER.
func (s *signatureTools) showAuthorities(w http.ResponseWriter, r *http.Request) error {
	content, tag := s.Authorities.Content()
	s.writeFile(w, r, "application/octet-stream", tag, content)
	return nil
}

// part makes that part of the page of a sign-in, and lets the page ask this server for it.
func (s *signatureTools) part(
	w http.ResponseWriter, r *http.Request, v *view, p Interaction,
) (part signingPart, err error) {
	if s.Authorities != nil {
		part.Authorities = s.layout.path + PathSignatureAuthorities
		v.Policy.Connect = "'self'"
	}
	if s.Services != nil {
		part.Finders = strings.Join(s.Services.Finders, " ")
		part.Proxy, err = s.proxyAddress(w, r, p)
	}
	return part, err
}
