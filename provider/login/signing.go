package login

import (
	"net/http"
	"strings"
	"time"

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
	// Library are the scripts of IIT's library, in the order in which they are loaded. With them the page signs by its
	// calls (docs/signature-library.md) and not by its own script.
	Library []LibraryScript
}

// LibraryScript is a script that the operator serves people.
type LibraryScript struct {
	Name    string // the last part of its path
	Content []byte
}

// signingPart is what the script of the signature page is told.
type signingPart struct {
	Authorities string // where their certificates are; "" for nowhere
	Proxy       string // where it may ask services of authorities; "" for nowhere
	Finders     string // the URLs of CMP services, with blanks between them
	Library     []libraryPart
}

type libraryPart struct{ Address, Integrity string }

// signatureTools serve what the script of the signature page needs.
type signatureTools struct {
	*layout
	*interactions
	Signing
	identity  *identity.Service
	signIns   *inbound.RateLimit // of questions to authorities
	addresses *inbound.RateLimit
	slots     chan struct{}
	library   []libraryPart
}

func newSignatureTools(l *layout, i *interactions, s Signing, people *identity.Service) *signatureTools {
	tools := &signatureTools{
		layout: l, interactions: i, Signing: s, identity: people, slots: make(chan struct{}, questionsAtOnce),
		signIns:   inbound.NewRateLimit(inbound.Quota{Requests: questionsPerSignIn, Window: time.Hour}),
		addresses: inbound.NewRateLimit(inbound.Quota{Requests: questionsPerAddress, Window: time.Hour}),
	}
	for _, each := range s.Library {
		tools.library = append(tools.library, libraryPart{
			l.path + PathSignatureLibrary + "/" + each.Name, scriptOf(each.Content).integrity,
		})
	}
	return tools
}

func (s *signatureTools) mount(pages chi.Router) {
	if s.Authorities != nil {
		inbound.Route(pages, PathSignatureAuthorities, s.handle(s.showAuthorities), http.MethodGet, http.MethodHead)
	}
	if s.Services != nil {
		inbound.Route(pages, PathSignatureProxy+"/{signIn}", s.handle(s.forwardQuestion), http.MethodPost)
	}
	for _, each := range s.Library {
		inbound.Route(pages, PathSignatureLibrary+"/"+each.Name, s.handle(s.showScript(scriptOf(each.Content))),
			http.MethodGet, http.MethodHead)
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
	part.Library = s.library
	if s.Services != nil {
		part.Finders = strings.Join(s.Services.Finders, " ")
		part.Proxy, err = s.proxyAddress(w, r, p)
	}
	return part, err
}
