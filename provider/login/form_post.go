package login

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sort"

	"ithildin/provider/inbound"
)

// submitScript is the one script of the page: it submits the form, which has a button for browsers without scripts.
const submitScript = template.JS(`document.forms[0].submit()`)

var submitScriptHash = inbound.SourceHash(string(submitScript))

type formPostPage struct {
	URI    template.URL
	Fields []formPostField
	Script template.JS
}

type formPostField struct{ Name, Value string }

// FormPost writes a page that posts the parameters of an authorization response to the client (OAuth 2.0 Form Post
// Response Mode 2). redirectURI was matched with a registered one, so its scheme is one that may be followed.
func (l *layout) FormPost(w http.ResponseWriter, r *http.Request, redirectURI string, parameters url.Values) error {
	page := formPostPage{URI: template.URL(redirectURI), Script: submitScript}
	for name, values := range parameters {
		for _, value := range values {
			page.Fields = append(page.Fields, formPostField{name, value})
		}
	}
	sort.Slice(page.Fields, func(i, j int) bool { return page.Fields[i].Name < page.Fields[j].Name })
	v := l.newView(w, r, "")
	v.Languages = slices.Clip(v.Languages[:0]) // the page can't be shown again: its answer was given once
	v.Title, v.Page, v.Policy.Script = v.Messages.Returning, page, submitScriptHash
	return v.write(w, http.StatusOK, "form_post.html")
}
