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

// texts are the templates of a language.
var texts = map[string]*texttemplate.Template{
	Ukrainian: parseTexts(Ukrainian), English: parseTexts(English),
}

var page = template.Must(template.ParseFS(letterFiles, "letters/page.html"))

func parseTexts(language string) *texttemplate.Template {
	return texttemplate.Must(texttemplate.New(language).Funcs(texttemplate.FuncMap{
		"moment": func(t time.Time) string { return t.UTC().Format("02.01.2006 15:04 UTC") },
	}).ParseFS(letterFiles, "letters/"+language+".txt"))
}

// values are what the texts of letters use.
type values struct {
	Details
	Service  string
	Lifetime string // of the link, such as "25 хвилин"
	To       string
}

// letter is what the HTML page shows.
type letter struct {
	Language, Subject, Button, Link string
	Before, After, Footer           []string
}

// Write makes the message of a letter, with an id of its own. Errors: an address or a link that is none, a letter whose
// time is over.
func Write(m Mail, service string, now time.Time) (Message, error) {
	if err := m.check(now); err != nil {
		return Message{}, err
	}
	language := m.Language
	if texts[language] == nil {
		language = Ukrainian
	}
	v := values{
		Service: OneLine(service), To: m.To, Lifetime: lifetime(language, m.ExpiresAt.Sub(now)), Details: m.Details,
	}
	v.Inviter, v.Organisation, v.Role, v.Phone = OneLine(m.Details.Inviter), OneLine(m.Details.Organisation),
		OneLine(m.Details.Role), OneLine(m.Details.Phone)
	l := letter{Language: language, Link: m.Link}
	for name, paragraphs := range map[string]*[]string{
		string(m.Purpose) + ".before": &l.Before, string(m.Purpose) + ".after": &l.After, "footer": &l.Footer,
	} {
		value, err := expand(language, name, v)
		if err != nil {
			return Message{}, err
		}
		*paragraphs = paragraphsOf(value)
	}
	subject, err := expand(language, string(m.Purpose)+".subject", v)
	if err != nil {
		return Message{}, err
	}
	l.Subject = OneLine(subject)
	if l.Link != "" {
		if l.Button, err = expand(language, string(m.Purpose)+".button", v); err != nil {
			return Message{}, err
		}
		l.Button = OneLine(l.Button)
	}
	var html strings.Builder
	if err := page.ExecuteTemplate(&html, "page.html", l); err != nil {
		return Message{}, fmt.Errorf("mail: %w", err)
	}
	return Message{ID: uuid.NewString(), To: m.To, Subject: l.Subject, Text: l.stringOf(), HTML: html.String()}, nil
}

func expand(language, name string, v values) (string, error) {
	var content strings.Builder
	if err := texts[language].ExecuteTemplate(&content, name, v); err != nil {
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
