package login

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
)

// The browser state is what the session iframe of package provider compares (OIDC Session Management 1.0 section 3.2):
// a cookie that its script reads, and that opens nothing. It changes when somebody else signs in, and goes at sign-out.

// BrowserStateCookie is the name of the cookie.
func (s *sessions) BrowserStateCookie() string { return s.cookieName(browserStateCookie) }

// BrowserState is what the cookie of a login session holds. It tells nothing of the session id.
func (s *sessions) BrowserState(sessionID string) string {
	mac := hmac.New(sha256.New, s.stateKey)
	mac.Write([]byte(sessionID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// setBrowserState takes a lifetime as setCookie does. The iframe is on the pages of clients, where a browser shows only
// what is SameSite=None, and believes that only over https.
func (s *sessions) setBrowserState(w http.ResponseWriter, value string, lifetime int) {
	sameSite := http.SameSiteLaxMode
	if s.secure {
		sameSite = http.SameSiteNoneMode
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.BrowserStateCookie(), Value: value, Path: s.cookiePath(), MaxAge: lifetime, Secure: s.secure,
		SameSite: sameSite,
	})
}
