package config

import (
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"ithildin/provider/login"
)

// operatorFlags are whom people turn to for help, and the documents of the service.
type operatorFlags struct {
	HelpText    string `env:"ITHILDIN_HELP_TEXT" placeholder:"TEXT" help:"@help_text"`
	HelpTextEN  string `name:"help-text-en" env:"ITHILDIN_HELP_TEXT_EN" placeholder:"TEXT" help:"The same in English."`
	HelpMail    string `env:"ITHILDIN_HELP_MAIL" placeholder:"ADDRESS" help:"@help_mail"`
	HelpPhone   string `env:"ITHILDIN_HELP_PHONE" placeholder:"NUMBER" help:"@help_phone"`
	HelpHours   string `env:"ITHILDIN_HELP_HOURS" placeholder:"TEXT" help:"@help_hours"`
	HelpHoursEN string `name:"help-hours-en" env:"ITHILDIN_HELP_HOURS_EN" placeholder:"TEXT" help:"The same in English."`
	TermsURL    string `name:"terms-url" env:"ITHILDIN_TERMS_URL" placeholder:"URL" help:"Terms of the service; https."`
	PrivacyURL  string `name:"privacy-url" env:"ITHILDIN_PRIVACY_URL" placeholder:"URL" help:"Privacy policy; https."`
}

const (
	longestHelpText  = 400 // characters
	longestHelpHours = 100
)

// helpPhone is a number as people write it, with three digits at least.
var helpPhone = regexp.MustCompile(`^\+?[0-9(][0-9 ()-]{1,38}[0-9)]$`)

func (f operatorFlags) load(p *problems) login.Operator {
	o := login.Operator{
		Help: login.Words{
			Ukrainian: p.line("ITHILDIN_HELP_TEXT", f.HelpText, longestHelpText),
			English:   p.line("ITHILDIN_HELP_TEXT_EN", f.HelpTextEN, longestHelpText),
		},
		Hours: login.Words{
			Ukrainian: p.line("ITHILDIN_HELP_HOURS", f.HelpHours, longestHelpHours),
			English:   p.line("ITHILDIN_HELP_HOURS_EN", f.HelpHoursEN, longestHelpHours),
		},
		Mail: f.HelpMail, Phone: strings.TrimSpace(f.HelpPhone),
		TermsURI:   p.document("ITHILDIN_TERMS_URL", f.TermsURL),
		PrivacyURI: p.document("ITHILDIN_PRIVACY_URL", f.PrivacyURL),
	}
	if o.Mail != "" {
		if address, err := netmail.ParseAddress(o.Mail); err != nil || address.Address != o.Mail {
			p.add("ITHILDIN_HELP_MAIL", "is %q: want an address such as help@example.org", o.Mail)
		}
	}
	if o.Phone != "" && !helpPhone.MatchString(o.Phone) {
		p.add("ITHILDIN_HELP_PHONE", "is %q: want a number such as +380 44 123 45 67", o.Phone)
	}
	if o.Hours != (login.Words{}) && o.Mail == "" && o.Phone == "" {
		p.add("ITHILDIN_HELP_HOURS", "is set, but neither ITHILDIN_HELP_MAIL nor ITHILDIN_HELP_PHONE is")
	}
	return o
}

// line is a text of one line with so many characters at most.
func (p *problems) line(name, value string, longest int) string {
	value = strings.TrimSpace(value)
	if utf8.RuneCountInString(value) > longest || !utf8.ValidString(value) || strings.ContainsAny(value, "\r\n") {
		p.add(name, "has more than one line of %d characters", longest)
	}
	return value
}

// document is the https URL of a page that people read; "" stays so.
func (p *problems) document(name, value string) string {
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || !validHost(u) {
		p.add(name, "is %q: want an https URL", value)
	}
	return value
}
