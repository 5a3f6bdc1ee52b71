package login

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

// The languages of the pages, as the lang attribute has them. The first is the default.
const (
	ukrainian = "uk"
	english   = "en"
)

// languageLifetime is how long a browser remembers the language, in seconds.
const languageLifetime = 365 * 24 * 3600

// maximumLanguages bounds a list of languages that comes from outside, in bytes.
const maximumLanguages = 500

// language chooses the language of a page: a click on a language link beats the client's ui_locales (OIDC Core
// 3.1.2.1), as long as the request in which it was clicked can live; then come a click of long ago and Accept-Language.
func (l *layout) language(w http.ResponseWriter, r *http.Request, uiLocales string) string {
	if clicked := r.URL.Query().Get("lang"); known(clicked) {
		l.setCookie(w, languageCookie, clicked+"."+strconv.FormatInt(l.now().Unix(), 10), languageLifetime)
		return clicked
	}
	remembered, fresh := l.rememberedLanguage(r)
	if fresh {
		return remembered
	}
	if wanted := firstKnown(strings.Fields(bounded(uiLocales))); wanted != "" {
		return wanted
	}
	if remembered != "" {
		return remembered
	}
	tags, _, err := language.ParseAcceptLanguage(bounded(r.Header.Get("Accept-Language")))
	if err != nil {
		return ukrainian
	}
	var accepted []string
	for _, tag := range tags {
		accepted = append(accepted, tag.String())
	}
	if wanted := firstKnown(accepted); wanted != "" {
		return wanted
	}
	return ukrainian
}

// rememberedLanguage reads the cookie; fresh says that the click was within the lifetime of a pending request.
func (l *layout) rememberedLanguage(r *http.Request) (remembered string, fresh bool) {
	cookie, err := r.Cookie(l.cookieName(languageCookie))
	if err != nil {
		return "", false
	}
	name, clicked, _ := strings.Cut(cookie.Value, ".")
	if !known(name) {
		return "", false
	}
	at, err := strconv.ParseInt(clicked, 10, 64)
	return name, err == nil && l.now().Sub(time.Unix(at, 0)) < PendingLifetime
}

func known(name string) bool { return messages[name] != nil }

func bounded(list string) string {
	if len(list) > maximumLanguages {
		return ""
	}
	return list
}

// firstKnown finds the first of the tags (BCP 47) whose language the pages have.
func firstKnown(tags []string) string {
	for _, tag := range tags {
		if primary, _, _ := strings.Cut(tag, "-"); known(strings.ToLower(primary)) {
			return strings.ToLower(primary)
		}
	}
	return ""
}

// languageLink leads to the same page in another language.
type languageLink struct {
	Language string
	Name     string
	Query    string
}

// languageLinks keep the query of a page, and of a form that was posted the request that it carried.
func (l *layout) languageLinks(r *http.Request, current string) []languageLink {
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		query = url.Values{}
		if request := r.PostForm.Get("request"); request != "" {
			query.Set("request", request)
		}
	}
	var links []languageLink
	for _, other := range []string{ukrainian, english} {
		if other == current {
			continue
		}
		query.Set("lang", other)
		links = append(links, languageLink{
			Language: other, Name: l.texts[other].LanguageName, Query: "?" + query.Encode(),
		})
	}
	return links
}
