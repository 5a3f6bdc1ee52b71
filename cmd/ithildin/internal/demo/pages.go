package demo

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

//go:embed pages.html
var devPagesHTML string

var devTemplates = template.Must(template.New("").Parse(devPagesHTML))

const (
	faceStandard = "standard"
	faceLegacy   = "legacy"
	pathLegacy   = "/oauth/tokens"

	maximumDevForm   = 16 << 10 // bytes
	maximumDevAnswer = 1 << 20  // bytes
	devExchangeTime  = 10 * time.Second
)

// devPages show a developer both ways to a token. They know the secrets of the demo clients, and are mounted under
// --dev only.
type devPages struct {
	demo  Data
	store *storage.Store
	// Where this process reaches its own public listener, and with what.
	self   string
	client *http.Client
}

// Mount makes what adds the pages below /dev/ to the public router. ownURL is where this process reaches its own public
// listener, and client is what it reaches it with.
func (d Data) Mount(store *storage.Store, ownURL string, client *http.Client) provider.Mount {
	return devPages{demo: d, store: store, self: ownURL, client: client}.mount
}

func (d devPages) mount(router chi.Router) {
	router.Method(http.MethodGet, "/dev/", d.checkHost(d.start))
	router.Method(http.MethodGet, callbackPath, d.checkHost(d.callback))
	sameOrigin := http.NewCrossOriginProtection()
	router.Method(http.MethodPost, "/dev/exchange", sameOrigin.Handler(d.checkHost(d.exchange)))
}

// checkHost refuses a request that names another host than a loopback one or the issuer's. A website whose own name
// was made to resolve to this machine (DNS rebinding) could otherwise read these pages, which know the secrets of the
// demo clients.
func (d devPages) checkHost(page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := config.HostName(r.Host)
		if !config.IsLoopback(net.JoinHostPort(name, "1")) && name != d.demo.host {
			http.Error(w, "the development pages are asked as localhost, 127.0.0.1, [::1] or the host of the issuer; "+
				"they were asked as "+
				strconv.QuoteToASCII(r.Host), http.StatusForbidden)
			return
		}
		page(w, r)
	})
}

// start offers every way to begin a sign-in.
func (d devPages) start(w http.ResponseWriter, _ *http.Request) {
	d.write(w, "start", map[string]any{
		"Email": demoEmail, "Password": demoPassword,
		"Ways": []map[string]string{
			{"Client": d.demo.standard.name, "Through": oauth.PathAuthorize, "URL": d.demo.authorizeURL(d.demo.standard)},
			{"Client": d.demo.eHealth.name, "Through": oauth.PathAuthorize, "URL": d.demo.authorizeURL(d.demo.eHealth)},
			{"Client": d.demo.eHealth.name, "Through": "/sign-in", "URL": d.demo.signInURL(d.demo.eHealth)},
		},
	})
}

// callback is the redirect URI of the demo clients.
func (d devPages) callback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page := map[string]any{
		"State": query.Get("state"), "Error": query.Get("error"), "Description": query.Get("error_description"),
	}
	if code := query.Get("code"); code != "" {
		requests, err := d.requests(r.Context(), code)
		if err != nil {
			page["Unknown"] = err.Error()
		}
		page["Code"], page["Requests"] = code, requests
	}
	d.write(w, "callback", page)
}

// exchange makes the request of one face over HTTP, as a client does, and shows the answer.
func (d devPages) exchange(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maximumDevForm)
	requests, err := d.requests(r.Context(), r.PostFormValue("code"))
	page := map[string]any{}
	if err != nil {
		page["Unknown"] = err.Error()
	}
	for _, request := range requests {
		if request.Frontend == r.PostFormValue("face") {
			page["Request"] = request
			page["Status"], page["Answer"], err = d.send(r.Context(), request)
			if err != nil {
				page["Unknown"] = err.Error()
			}
		}
	}
	d.write(w, "exchange", page)
}

// tokenRequest is an exchange of a code by one face.
type tokenRequest struct {
	Frontend, Path     string
	Curl               string
	contentType, body  string
	username, password string // of HTTP Basic, "" where the body has the secret
}

// requests makes those that work for a code, with the credentials of the demo client that it was issued to.
func (d devPages) requests(ctx context.Context, value string) ([]tokenRequest, error) {
	code, err := d.store.FindCode(ctx, storage.Hash(value))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errors.New("this server did not issue this code")
	}
	if err != nil {
		return nil, errors.New("the database does not answer")
	}
	switch code.ClientID {
	case d.demo.eHealth.id:
		return []tokenRequest{
			d.standardRequest(d.demo.eHealth, code, value), d.legacyRequest(d.demo.eHealth, code, value),
		}, nil
	case d.demo.standard.id: // the legacy face knows clients by UUIDs only
		return []tokenRequest{d.standardRequest(d.demo.standard, code, value)}, nil
	}
	return nil, fmt.Errorf("the code is for the client %s, whose secret this page does not know", code.ClientID)
}

func (d devPages) standardRequest(client demoClient, code *storage.Code, value string) tokenRequest {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {value}, "redirect_uri": {code.RedirectURI}}
	return tokenRequest{
		Frontend: faceStandard, Path: oauth.PathToken, contentType: "application/x-www-form-urlencoded", body: form.Encode(),
		username: client.id, password: client.secret,
		Curl: fmt.Sprintf("curl -u %s -d %s %s", shellQuoted(client.id+":"+client.secret), shellQuoted(form.Encode()),
			shellQuoted(d.demo.issuer+oauth.PathToken)),
	}
}

func (d devPages) legacyRequest(client demoClient, code *storage.Code, value string) tokenRequest {
	body, err := json.Marshal(map[string]any{"token": map[string]string{
		"grant_type": "authorization_code", "code": value, "client_id": client.id, "client_secret": client.secret,
		"redirect_uri": code.RedirectURI, "scope": code.Scope,
	}})
	if err != nil {
		panic(err) // texts always marshal
	}
	return tokenRequest{
		Frontend: faceLegacy, Path: pathLegacy, contentType: "application/json", body: string(body),
		Curl: fmt.Sprintf("curl -H 'Content-Type: application/json' -d %s %s", shellQuoted(string(body)),
			shellQuoted(d.demo.issuer+pathLegacy)),
	}
}

// shellQuoted makes one word of a text, whatever is in it: a redirect URI came from a query.
func shellQuoted(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func (d devPages) send(ctx context.Context, request tokenRequest) (status, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, devExchangeTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.self+request.Path, strings.NewReader(request.body))
	if err != nil {
		return "", "", err
	}
	r.Header.Set("Content-Type", request.contentType)
	if request.username != "" {
		r.SetBasicAuth(url.QueryEscape(request.username), url.QueryEscape(request.password)) // RFC 6749 2.3.1
	}
	response, err := d.client.Do(r)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maximumDevAnswer))
	if err != nil {
		return "", "", err
	}
	var indented bytes.Buffer
	if json.Indent(&indented, raw, "", "  ") == nil {
		raw = indented.Bytes()
	}
	return response.Status, string(raw), nil
}

func (d devPages) write(w http.ResponseWriter, name string, page map[string]any) {
	var body bytes.Buffer
	if err := devTemplates.ExecuteTemplate(&body, name, page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	_, _ = body.WriteTo(w)
}
