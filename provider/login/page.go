package login

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ithildin/provider/inbound"
)

//go:embed pages
var files embed.FS

var (
	builtInStyle = string(mustRead("pages/style.css"))

	pages = parsePages("sign_in.html", "step.html", "signature.html", "sign_out.html", "consent.html", "account.html",
		"form_post.html", "error.html", "notice.html", "invitation.html", "invitation_notice.html",
		"invitation_check.html", "password.html", "factors.html", "authenticator.html", "recovery_codes.html",
		"question.html", "passkeys.html", "passkey_factor.html", "passkey_enrolment.html", "access.html",
		"device_code.html", "device_confirmation.html")
)

func mustRead(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(fmt.Sprintf("login: %v", err)) // it is embedded
	}
	return content
}

func parsePages(names ...string) map[string]*template.Template {
	parsed := map[string]*template.Template{}
	for _, name := range names {
		parsed[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/client.html",
			"pages/contact.html", "pages/captcha.html", "pages/passkey_add.html", "pages/remember.html", "pages/"+name))
	}
	return parsed
}

// layout writes pages: in the language of the person, with the headers that each page has, and pages of errors.
type layout struct {
	*cookies
	host      string // of the issuer, shown on each page
	operator  Operator
	texts     map[string]*messageSet // by language
	places    *Places                // nil: none are known
	style     template.CSS
	styleHash string // as Content-Security-Policy names it
	captcha   Captcha
	now       func() time.Time
	logger    *slog.Logger
	requestID func(*http.Request) string
	count     func(kind string)
}

// view is what the layout of every page needs, with the page's own content in Page.
type view struct {
	layout    *layout
	zone      *time.Location // of the times on the page
	Messages  *messageSet
	Language  string
	Languages []languageLink
	Title     string
	Heading   string // of a page whose title says more after a refusal
	Name      string // of the service
	Logo      string // its address; "" for none
	Accent    string // the colour of the icon
	Path      string // of the issuer
	Style     template.CSS
	Policy    contentPolicy
	Page      any
	Links     []pageLink // below the page's own content
	Contact   *contact   // below them; nil for none
	Captcha   *captchaForm
}

// contentPolicy is what a page needs beyond its own style: sources of Content-Security-Policy, "" for none.
type contentPolicy struct {
	Images, Script, Connect string
	Frames                  []string
	Passkeys                bool // the page asks authenticators
}

// serviceName is what the pages call this service.
func (l *layout) serviceName() string { return cmp.Or(l.operator.Name, l.host) }

// newView settles the language of the page, which may set a cookie.
func (l *layout) newView(w http.ResponseWriter, r *http.Request, uiLocales string) *view {
	current := l.language(w, r, uiLocales)
	v := &view{
		layout: l, zone: kyiv, Messages: l.texts[current], Language: current, Languages: l.languageLinks(r, current),
		Name: l.serviceName(), Accent: l.operator.accent(), Path: l.path, Style: l.style,
	}
	if l.operator.Logo != nil {
		v.Logo = l.path + PathLogo
	}
	return v
}

// write renders the whole page before the first byte of it is sent.
func (v *view) write(w http.ResponseWriter, status int, name string) error {
	var body bytes.Buffer
	if err := pages[name].ExecuteTemplate(&body, "layout.html", v); err != nil {
		return fmt.Errorf("login: page %s: %w", name, err)
	}
	v.layout.writeHeaders(w, v.Policy)
	// Permissions-Policy of WebAuthn 5.9. A redirect goes without: it runs nothing, and its header may be nearly as long
	// as a proxy takes, for the request is in its address.
	origins := "()"
	if v.Policy.Passkeys {
		origins = "(self)"
	}
	w.Header().Set("Permissions-Policy", "publickey-credentials-create="+origins+", publickey-credentials-get="+origins)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Language)
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that has gone needs no page
	return nil
}

// writeHeaders keeps pages out of caches and frames, and everything from elsewhere out of pages.
//
// There is no form-action: Chromium applies it to every redirect that follows a form, and they lead to the client and
// on from there to wherever the client likes. Referrer-Policy is same-origin and not no-referrer, with which browsers
// send the Origin null that cross-origin protection must refuse; nothing leaves this origin either way. There is no
// Cross-Origin-Opener-Policy: a client that signs people in in a popup (display=popup) would lose sight of it.
func (l *layout) writeHeaders(w http.ResponseWriter, allowed contentPolicy) {
	policy := "default-src 'none'; style-src " + l.styleHash + "; img-src data:"
	if l.operator.Logo != nil {
		policy += " 'self'"
	}
	if allowed.Images != "" {
		policy += " " + allowed.Images
	}
	if allowed.Script != "" {
		policy += "; script-src " + allowed.Script
	}
	if allowed.Connect != "" {
		policy += "; connect-src " + allowed.Connect
	}
	if len(allowed.Frames) > 0 {
		policy += "; frame-src " + strings.Join(allowed.Frames, " ")
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", policy+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}

// handle gives every error of a page to Fail.
func (l *layout) handle(page func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := inbound.Admitted(r)
		if err == nil {
			err = page(w, r)
		}
		if err != nil {
			l.Fail(w, r, err)
		}
	})
}

// redirect answers with 303, so that a POST goes on as a GET. The location keeps to the host that the browser asked,
// for its cookies belong to that.
func (l *layout) redirect(w http.ResponseWriter, r *http.Request, path, request string) {
	l.writeHeaders(w, contentPolicy{})
	location := l.path + path
	if request != "" {
		location += "?" + url.Values{"request": {request}}.Encode()
	}
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// origins are the distinct origins of https URLs, as a Content-Security-Policy names them.
func origins(addresses []string) []string {
	var list []string
	for _, address := range addresses {
		if origin := inbound.HTTPSOrigin(address); origin != "" && !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	return list
}
