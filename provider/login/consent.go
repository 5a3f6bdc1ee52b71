package login

import (
	"net/http"
	"net/url"
	"strings"

	"ithildin/storage"
)

// ConsentPage is what a person is asked to allow. The form goes to PathConsent with the field request and the field
// decision, which is DecisionAccept, DecisionDeny or DecisionSwitch.
type ConsentPage struct {
	Client   Presentation
	UserName string // the email address of who is signed in
	// ReturnsTo is the redirect URI of a client that nobody has registered; the page names its host.
	ReturnsTo string
	Request   string // sealed
	Scopes    []storage.Scope
	Claims    []string // single claims (OIDC Core 5.5)
	Resources []storage.Resource
	Details   []ConsentDetail
	UILocales string
}

// What a person answers on the consent page.
const (
	DecisionAccept = "accept"
	DecisionDeny   = "deny"
	DecisionSwitch = "switch" // sign in as somebody else
)

// manyScopes is from where on the list scrolls by itself, below a line that says how long it is, so that the buttons
// stay in sight and nothing is hidden.
const manyScopes = 9

type consentView struct {
	ConsentPage
	Titles []string
	Many   bool
	// For are the resources in words.
	For []string
	// InWords are the authorization details.
	InWords []detailView
	// ReturnHost is where the person goes from an unregistered client's page; "" for a program on their device.
	ReturnHost string
}

// returnHost is the host of a redirect URI that is on the internet, "" for the loopback interface or an app's scheme.
func returnHost(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	return u.Hostname()
}

// Consent writes the consent page.
func (l *layout) Consent(w http.ResponseWriter, r *http.Request, page ConsentPage) {
	v := l.newView(w, r, page.UILocales)
	page.Client = v.present(page.Client)
	c := consentView{ConsentPage: page, ReturnHost: returnHost(page.ReturnsTo)}
	c.Many = len(page.Scopes)+len(page.Claims) >= manyScopes
	for _, scope := range page.Scopes {
		c.Titles = append(c.Titles, scopeTitle(scope, v.Language))
	}
	for _, claim := range page.Claims {
		c.Titles = append(c.Titles, v.Messages.claimTitle(claim))
	}
	c.For = resourceTitles(page.Resources, v.Language)
	for _, detail := range page.Details {
		c.InWords = append(c.InWords, describeDetail(detail, v))
	}
	v.Title, v.Page = v.Messages.Consent, c
	if err := v.write(w, http.StatusOK, "consent.html"); err != nil {
		l.Fail(w, r, err)
	}
}

// resourceTitles are resources in words.
func resourceTitles(resources []storage.Resource, language string) []string {
	var titles []string
	for _, r := range resources {
		titles = append(titles, titleOf(r.TitleUkrainian, r.TitleEnglish, r.Identifier, language))
	}
	return titles
}

func scopeTitle(scope storage.Scope, language string) string {
	return titleOf(scope.TitleUkrainian, scope.TitleEnglish, scope.Name, language)
}

// titleOf is the title of a catalogue in the language, or the name where it has none.
func titleOf(inUkrainian, inEnglish, name, language string) string {
	chosen := inUkrainian
	if language == english {
		chosen = inEnglish
	}
	if chosen == "" {
		return name
	}
	return strings.ReplaceAll(chosen, "'", "’") // catalogues are typed with the apostrophe of the keyboard
}
