package login

import (
	"html/template"
	"net/http"
	"strings"
)

// Operator is whose pages they are, whom people turn to for help, and what applies to whoever uses the service. What is
// "" is not shown.
type Operator struct {
	Name string // of the service; "": the host of the issuer
	Logo *Logo  // nil: none
	// Light and Dark are the colour of buttons and links on light and on dark pages; the zero Color: the built-in one.
	Light, Dark Color

	Help, Hours Words  // a sentence or two about help, and when somebody answers
	Mail        string // an address without a name
	Phone       string // as people write it: digits, a plus, blanks, hyphens and brackets
	TermsURI    string // https
	PrivacyURI  string // https
}

// Words is a text of the operator's. Where one language is missing, the other is shown.
type Words struct{ Ukrainian, English string }

// contact is the part of a page that says whom a person may ask.
type contact struct {
	Title, MailLabel, PhoneLabel, HoursLabel string

	Help, Hours spokenWords
	Mail, Phone string
	Dial        template.URL
}

// spokenWords are a text of the operator's with its language, where that is not the page's.
type spokenWords struct{ Text, Language string }

func (w Words) in(language string) spokenWords {
	own, other, otherLanguage := w.Ukrainian, w.English, english
	if language == english {
		own, other, otherLanguage = w.English, w.Ukrainian, ukrainian
	}
	if own != "" || other == "" {
		return spokenWords{Text: own}
	}
	return spokenWords{Text: other, Language: otherLanguage}
}

// showContact puts the operator's contact below what the page says, where one is configured.
func (v *view) showContact() {
	o, t := v.layout.operator, v.Messages.Operator
	if o.Help == (Words{}) && o.Mail == "" && o.Phone == "" {
		return
	}
	v.Contact = &contact{
		Title: t.Title, MailLabel: t.Mail, PhoneLabel: t.Phone, HoursLabel: t.Hours,
		Help: o.Help.in(v.Language), Hours: o.Hours.in(v.Language), Mail: o.Mail, Phone: o.Phone, Dial: dial(o.Phone),
	}
}

// dial is the address that calls a number.
func dial(phone string) template.URL {
	return template.URL("tel:" + strings.Map(func(r rune) rune {
		if r == '+' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, phone))
}

// pageLink is a link below what a page says.
type pageLink struct{ ID, Address, Words string }

// signInLinks are those of the forms on which a sign-in begins.
func (v *view) signInLinks() (links []pageLink) {
	o, t := v.layout.operator, v.Messages.Operator
	if o.TermsURI != "" {
		links = append(links, pageLink{"service-terms", o.TermsURI, t.Terms})
	}
	if o.PrivacyURI != "" {
		links = append(links, pageLink{"service-privacy", o.PrivacyURI, t.Privacy})
	}
	return links
}

// tellsToAsk are the messages that send a person to the operator.
var tellsToAsk = map[string]bool{
	messageLimited: true, messageBlocked: true, messageCodeLimited: true, messageCodeLastTry: true,
	messageCodeWrongTwo: true, MessageCodeBlocked: true, MessageUserBlocked: true, MessageNoFactor: true,
	MessageNoRoles: true, MessageUnexpected: true, messageCaptcha: true,
}

// noticePage is a page without a form.
type noticePage struct{ Lead, More string }

// showConditions leads to the operator's terms, or says that there are none.
func (l *layout) showConditions(w http.ResponseWriter, r *http.Request) error {
	if l.operator.TermsURI != "" {
		l.writeHeaders(w, contentPolicy{})
		http.Redirect(w, r, l.operator.TermsURI, http.StatusSeeOther)
		return nil
	}
	v := l.newView(w, r, "")
	t := v.Messages.Operator
	v.Title, v.Page = t.ConditionsTitle, noticePage{Lead: t.ConditionsNone}
	v.Links = v.signInLinks()
	v.showContact()
	return v.write(w, http.StatusOK, "notice.html")
}
