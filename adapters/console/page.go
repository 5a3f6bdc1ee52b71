package console

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
	_ "time/tzdata" // a container without the database of time zones must know the zone too

	"golang.org/x/text/language"

	"ithildin/provider/inbound"
)

//go:embed pages texts snippets
var files embed.FS

var (
	style     = template.CSS(mustRead("pages/style.css"))
	styleHash = inbound.SourceHash(string(style))
	pages     = parsePages("message.html", "screen.html", "question.html")
	// kyiv is the zone in which times are shown: without a script a page can't know that of the browser.
	kyiv = mustZone("Europe/Kyiv")
)

func mustRead(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("console: %v", err)) // it is embedded
	}
	return content
}

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("console: %v", err)) // it is embedded
	}
	return zone
}

func parsePages(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/parts.html", "pages/"+name))
	}
	return parsed
}

// view is what the layout of every page needs, with the page's own content in Page.
type view struct {
	*Console
	w    http.ResponseWriter
	r    *http.Request
	text catalogue

	Language, Theme string
	Title           string
	Host            string
	Style           template.CSS
	Refresh         string // the page that follows at once; "" for none
	Token           string // of forms; "" without a session
	Operator        string // who is signed in; "" for nobody
	Menu            []link
	Back            string // the address of this page, for the forms of language and theme
	Page            any

	formTarget string // an origin besides our own to which a form may lead
}

// link leads to a page.
type link struct{ Text, Href string }

// message is a page of a few words, with a form of one button where Action says so.
type message struct {
	Lead, Notice, Alert, Detail string
	RequestID                   string
	Links                       []link
	Action, Button              string
	Hidden                      map[string]string // fields of the form
	Secret                      string            // shown this once
	Facts                       []fact
	Snippets                    []snippet
}

// newView settles language and theme: what was chosen before, then the language that the browser accepts.
func (c *Console) newView(w http.ResponseWriter, r *http.Request) *view {
	v := &view{Console: c, w: w, r: r, Host: c.host, Style: style, Back: r.URL.RequestURI()}
	if r.Method != http.MethodGet {
		v.Back = r.URL.Path
	}
	if cookie, err := r.Cookie(c.cookieName(lookCookie)); err == nil {
		v.Language, v.Theme, _ = strings.Cut(cookie.Value, ".")
	}
	if catalogues[v.Language] == nil {
		v.Language = acceptedLanguage(r.Header.Get("Accept-Language"))
	}
	if v.Theme != themeDark && v.Theme != themeLight {
		v.Theme = ""
	}
	v.text = catalogues[v.Language]
	return v
}

// acceptedLanguage is the first of a browser's languages that there is, Ukrainian without one.
func acceptedLanguage(header string) string {
	if len(header) > 500 {
		return ukrainian
	}
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return ukrainian
	}
	for _, tag := range tags {
		if base, _ := tag.Base(); catalogues[base.String()] != nil {
			return base.String()
		}
	}
	return ukrainian
}

// T is a text of the catalogue. pairs are names and values that stand in braces in it.
func (v *view) T(key string, pairs ...string) string { return v.text.text(key, pairs...) }

// shownMinute is how pages write a time.
const shownMinute = "02.01.2006, 15:04"

// Moment is a time as pages show it: by the clock of Kyiv, with UTC where somebody points at it.
func (v *view) Moment(at time.Time) template.HTML {
	if at.IsZero() {
		return template.HTML(template.HTMLEscapeString(v.T("never")))
	}
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s UTC">%s</time>`, at.UTC().Format(time.RFC3339),
		at.UTC().Format("2006-01-02 15:04:05"), at.In(kyiv).Format(shownMinute))) // digits and marks only
}

// IsHere returns whether an entry of the menu leads to this page, or to one above it.
func (v *view) IsHere(href string) bool {
	return v.r.URL.Path == href || href != Root && strings.HasPrefix(v.r.URL.Path, href+"/")
}

// The parts of pages get their content with the view, whose texts they need.
type (
	cellOf struct {
		View *view
		Cell cell
	}
	factsIn struct {
		View  *view
		Facts []fact
	}
	chartIn struct{ Chart chart }
	tableIn struct {
		View  *view
		Table *table
	}
)

// Cell is a cell for its template.
func (v *view) Cell(c cell) cellOf { return cellOf{v, c} }

// FactsOf are facts for their template.
func (v *view) FactsOf(facts []fact) factsIn { return factsIn{v, facts} }

// ChartOf is a chart for its template.
func (v *view) ChartOf(c chart) chartIn { return chartIn{c} }

// TableOf is a table for its template.
func (v *view) TableOf(t *table) tableIn { return tableIn{v, t} }

// write renders the whole page before the first byte of it is sent.
func (v *view) write(status int, name string, content any) error {
	v.Page = content
	var body bytes.Buffer
	if err := pages[name].ExecuteTemplate(&body, "layout.html", v); err != nil {
		return fmt.Errorf("console: page %s: %w", name, err)
	}
	v.writeHeaders()
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Language", v.Language)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body.Bytes()) // a browser that has gone needs no page
	return nil
}

// writeHeaders keeps pages out of caches, frames and windows of others, and everything from elsewhere out of pages.
func (v *view) writeHeaders() {
	h := v.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", strings.TrimSpace("default-src 'none'; style-src "+styleHash+
		"; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+v.formTarget))
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

const (
	pathPreferences = Root + "preferences"
	themeLight      = "light"
	themeDark       = "dark"
	// lookLife is how long a browser remembers language and theme, in seconds.
	lookLife = 365 * 24 * 3600
)

// setPreferences remembers language and theme, which open nothing.
func (c *Console) setPreferences(w http.ResponseWriter, r *http.Request) error {
	v := c.newView(w, r)
	if chosen := r.PostForm.Get("language"); catalogues[chosen] != nil {
		v.Language = chosen
	}
	if r.PostForm.Has("theme") {
		v.Theme = r.PostForm.Get("theme")
	}
	if v.Theme != themeDark && v.Theme != themeLight {
		v.Theme = ""
	}
	c.setCookie(w, lookCookie, v.Language+"."+v.Theme, lookLife, http.SameSiteLaxMode)
	back := r.PostForm.Get("back")
	if u, err := url.Parse(back); err == nil && u.Path == pathCallback {
		back = Root
	}
	goOn(w, r, back)
	return nil
}
