package login

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
)

// The cookies. Over https their names get the prefix __Host-, with which a browser refuses what another host or plain
// http tries to set (RFC 6265bis 4.1.3.2). Where the issuer has a path, they go to that path only, so that whatever
// else the host serves does not see them; a browser takes that with the weaker prefix __Secure- alone (4.1.3.1).
const (
	sessionCookie      = "ithildin-session"
	browserCookie      = "ithildin-browser"
	browserStateCookie = "ithildin-browser-state"
	languageCookie     = "ithildin-language"
)

// tokenBytes is the entropy of a cookie that identifies.
const tokenBytes = 32

// cookies sets and reads the cookies of an issuer.
type cookies struct {
	secure bool   // the issuer is https
	path   string // of the issuer, without a trailing slash
	random io.Reader
}

func (c *cookies) cookieName(name string) string {
	switch {
	case !c.secure:
		return name
	case c.path != "":
		return "__Secure-" + name
	}
	return "__Host-" + name
}

// cookiePath is where cookies are sent: to the issuer and below.
func (c *cookies) cookiePath() string { return cmp.Or(c.path, "/") }

// setCookie takes a lifetime in seconds: 0 ends with the browser, negative removes the cookie. Lax, not Strict: a
// browser comes to the authorization endpoint from the client's site and must be known there.
func (c *cookies) setCookie(w http.ResponseWriter, name, value string, lifetime int) {
	http.SetCookie(w, &http.Cookie{
		Name: c.cookieName(name), Value: value, Path: c.cookiePath(), MaxAge: lifetime,
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// readToken returns the value of a cookie that newToken made, "" if there is none of that form.
func (c *cookies) readToken(r *http.Request, name string) string {
	cookie, err := r.Cookie(c.cookieName(name))
	if err != nil {
		return ""
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil || len(raw) != tokenBytes {
		return ""
	}
	return cookie.Value
}

func (c *cookies) newToken() (string, error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(c.random, raw); err != nil {
		return "", fmt.Errorf("login: no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}
