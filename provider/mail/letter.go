package mail

import (
	"embed"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/google/uuid"
)

// letterFiles has, for each language, a file with the texts of all letters, and the HTML page around them. A text is a
// template of the name purpose.part; the parts are
//
//	subject          the line of the subject
//	before, after    paragraphs around the link, with an empty line between two
//	button           what the link is called, where the letter has one
//
//go:embed letters
var letterFiles embed.FS

var page = template.Must(template.ParseFS(letterFiles, "letters/page.html"))

// Letters are the texts of all letters in each language. It is safe for concurrent use.
type Letters struct {
	texts map[string]*texttemplate.Template // by language
}

// BuiltIn are the letters that an operator has not replaced.
var BuiltIn = &Letters{texts: map[string]*texttemplate.Template{
	Ukrainian: parseTexts(Ukrainian), English: parseTexts(English),
}}

func parseTexts(language string) *texttemplate.Template {
	return texttemplate.Must(texttemplate.New(language).ParseFS(letterFiles, "letters/"+language+".txt"))
}

// values are what the texts of letters use. A value that a letter does not have is "".
type values struct {
	Service, To string
	Lifetime    string // of the link, such as "25 хвилин"
	At          string // when it happened
	Phone       string
	Factor      string
	Inviter     string
	Role        string

	Organisation string
}

// valuesOf are those of a letter. What somebody else may have chosen is one line.
func valuesOf(m Mail, service, language string, now time.Time) values {
	v := values{
		Service: OneLine(service), To: m.To, Lifetime: lifetime(language, m.ExpiresAt.Sub(now)),
		Phone: OneLine(m.Details.Phone), Inviter: OneLine(m.Details.Inviter), Role: OneLine(m.Details.Role),
		Organisation: OneLine(m.Details.Organisation), Factor: OneLine(m.Details.Factor),
	}
	if !m.Details.At.IsZero() {
		v.At = m.Details.At.UTC().Format("02.01.2006 15:04 UTC")
	}
	return v
}

// The names of texts: of the parts, behind the purpose, and of what is below every letter.
const (
	partSubject = ".subject"
	partBefore  = ".before"
	partButton  = ".button"
	partAfter   = ".after"
	footer      = "footer"
)

// letter is what the HTML page shows.
type letter struct {
	Language, Subject, Button, Link string
	Before, After, Footer           []string
}

// Write makes the message of a letter of the service with that name, with an id of its own. The link is between the
// paragraphs, whatever the texts are. Errors: ErrNoLetter, for an address or a link that is none, a letter without the
// link that it is about, and one whose time is over.
func (l *Letters) Write(m Mail, service string, now time.Time) (Message, error) {
	if err := m.check(now); err != nil {
		return Message{}, err
	}
	language := m.Language
	if l.texts[language] == nil {
		language = Ukrainian
	}
	written, err := l.fill(m, language, valuesOf(m, service, language, now))
	if err != nil {
		return Message{}, err
	}
	var html strings.Builder
	if err := page.ExecuteTemplate(&html, "page.html", written); err != nil {
		return Message{}, fmt.Errorf("mail: %w", err)
	}
	return Message{
		ID: uuid.NewString(), To: m.To, Subject: written.Subject, Text: written.stringOf(), HTML: html.String(),
	}, nil
}

// fill puts the values into the texts of a letter.
func (l *Letters) fill(m Mail, language string, v values) (written letter, err error) {
	written = letter{Language: language, Link: m.Link}
	for name, paragraphs := range map[string]*[]string{
		string(m.Purpose) + partBefore: &written.Before, string(m.Purpose) + partAfter: &written.After,
		footer: &written.Footer,
	} {
		value, err := l.expand(language, name, v)
		if err != nil {
			return letter{}, err
		}
		*paragraphs = paragraphsOf(value)
	}
	subject, err := l.expand(language, string(m.Purpose)+partSubject, v)
	if err != nil {
		return letter{}, err
	}
	written.Subject = OneLine(subject)
	if written.Link != "" {
		button, err := l.expand(language, string(m.Purpose)+partButton, v)
		if err != nil {
			return letter{}, err
		}
		written.Button = OneLine(button)
	}
	return written, nil
}

func (l *Letters) expand(language, name string, v values) (string, error) {
	var content strings.Builder
	if err := l.texts[language].ExecuteTemplate(&content, name, v); err != nil {
		return "", fmt.Errorf("mail: %w", err)
	}
	return content.String(), nil
}

// paragraphsOf splits a text at its empty lines and joins the lines of each paragraph.
func paragraphsOf(value string) (paragraphs []string) {
	for paragraph := range strings.SplitSeq(value, "\n\n") {
		if line := strings.Join(strings.Fields(paragraph), " "); line != "" {
			paragraphs = append(paragraphs, line)
		}
	}
	return paragraphs
}

// stringOf is the letter as plain text.
func (l letter) stringOf() string {
	parts := append([]string{}, l.Before...)
	if l.Link != "" {
		parts = append(parts, l.Button+":\n"+l.Link)
	}
	parts = append(parts, l.After...)
	return strings.Join(append(append(parts, "-- "), l.Footer...), "\n\n") + "\n"
}

// lifetime says in words how long a link is good for, in the largest unit of which it has two or more.
func lifetime(language string, d time.Duration) string {
	for _, unit := range units[language] {
		if n := int(d.Round(time.Minute) / unit.length); n >= 2 || unit.length == time.Minute {
			return fmt.Sprintf("%d %s", max(n, 1), unit.forms[plural(language, max(n, 1))])
		}
	}
	return ""
}

type unit struct {
	length time.Duration
	forms  [3]string // as plural counts them
}

var units = map[string][]unit{
	Ukrainian: {
		{24 * time.Hour, [3]string{"день", "дні", "днів"}}, {time.Hour, [3]string{"годину", "години", "годин"}},
		{time.Minute, [3]string{"хвилину", "хвилини", "хвилин"}},
	},
	English: {
		{24 * time.Hour, [3]string{"day", "days", "days"}}, {time.Hour, [3]string{"hour", "hours", "hours"}},
		{time.Minute, [3]string{"minute", "minutes", "minutes"}},
	},
}

// plural returns which form of a noun stands behind a number (CLDR plural rules: one, few, many).
func plural(language string, n int) int {
	switch {
	case language == English && n == 1, language != English && n%10 == 1 && n%100 != 11:
		return 0
	case n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
		return 1
	}
	return 2
}
