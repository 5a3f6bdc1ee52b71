package provider

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"

	"ithildin/provider/inbound"
	"ithildin/provider/login"
	"ithildin/storage"
)

// The session iframe is on the page of a client and tells it, without asking this server, whether the session of which
// an authorization response spoke is still the browser's (OIDC Session Management 1.0 section 3). Browsers that keep
// cookies of third parties away make it answer "changed"; the client then asks with prompt=none, which is always right.

//go:embed session_iframe.js
var sessionScript string

// sessionIframe is the page with the digest of its script, ready-made.
type sessionIframe struct {
	login  *login.Service
	store  *storage.Store
	page   []byte
	policy string
}

func newSessionIframe(pages *login.Service, store *storage.Store) *sessionIframe {
	script := strings.ReplaceAll(sessionScript, "BROWSER_STATE_COOKIE", pages.BrowserStateCookie())
	return &sessionIframe{
		login: pages, store: store,
		page: []byte(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Session</title>` +
			"<script>" + script + "</script></html>\n"),
		policy: "default-src 'none'; script-src " + inbound.SourceHash(script) +
			"; base-uri 'none'; frame-ancestors *",
	}
}

// serve is the check_session_iframe. It alone may be framed by anybody.
func (s *sessionIframe) serve(w http.ResponseWriter, _ *http.Request) error {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", s.policy)
	header.Set("Cache-Control", "public, max-age=3600")
	header.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(s.page)
	return nil
}

// state is the session_state of an authorization response (OIDC Session Management 1.0 section 2): what the iframe
// computes as long as the browser has that session. "" for a redirect URI that has no origin, whose client has no page
// either, and where there is no session.
func (s *sessionIframe) state(client *storage.Client, redirectURI string, session storage.LoginSession) string {
	origin := inbound.Origin(redirectURI)
	if origin == "" || session.SessionID == "" {
		return ""
	}
	salt := s.store.NewID()
	value := strings.Join([]string{client.ID, origin, s.login.BrowserState(session.SessionID), salt}, " ")
	digest := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(digest[:]) + "." + salt
}
