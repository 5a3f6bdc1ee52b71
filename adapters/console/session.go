package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

const (
	sessionCookie = "ithildin-console"
	flowCookie    = "ithildin-console-flow"
	lookCookie    = "ithildin-console-look"

	// sessionIdle is how long a session lasts without a request, and sessionLife how long in any case.
	sessionIdle = 15 * time.Minute
	sessionLife = 8 * time.Hour
)

// cookieName has the prefix with which a browser refuses what another host or plain http tries to set (RFC 6265bis
// 4.1.3.2), where the console is reached by https.
func (c *Console) cookieName(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

// setCookie takes a lifetime in seconds: 0 ends with the browser, negative removes the cookie.
func (c *Console) setCookie(w http.ResponseWriter, name, value string, lifetime int, sameSite http.SameSite) {
	http.SetCookie(w, &http.Cookie{
		Name: c.cookieName(name), Value: value, Path: "/", MaxAge: lifetime, Secure: c.secure, HttpOnly: true,
		SameSite: sameSite,
	})
}

// startSession gives the browser a session under a new cookie, and ends the one that it had.
func (c *Console) startSession(w http.ResponseWriter, r *http.Request, p proof, who operator.Operator) error {
	if before, err := r.Cookie(c.cookieName(sessionCookie)); err == nil {
		if err := c.store.EndConsoleSession(r.Context(), storage.Hash(before.Value)); err != nil {
			return err
		}
	}
	value, err := oauth.RandomText(rand.Reader, oauth.TokenBytes)
	if err != nil {
		return err
	}
	now := c.store.Now()
	if err := c.store.CreateConsoleSession(r.Context(), storage.ConsoleSession{
		ID: storage.Hash(value), UserID: who.ID, AuthTime: p.authTime, Address: inbound.ClientAddress(r),
		CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(sessionLife),
	}); err != nil {
		return err
	}
	c.setCookie(w, sessionCookie, value, 0, http.SameSiteStrictMode)
	return c.store.RecordEvents(r.Context(), []storage.Event{oauth.IdentifyEvent(r.Context(), storage.Event{
		Kind: storage.EventConsoleSignedIn, ClientID: ClientID, UserID: who.ID,
	})})
}

// errNoSession says that the browser has no session, or one that is over.
var errNoSession = errors.New("console: no session")

// findSession reads the session of the browser and who its operator is now. A session whose operator has lost every
// right, is blocked or has another password since is deleted. errNoSession: there is none.
func (c *Console) findSession(r *http.Request) (*storage.ConsoleSession, operator.Operator, string, error) {
	cookie, err := r.Cookie(c.cookieName(sessionCookie))
	if err != nil || cookie.Value == "" {
		return nil, operator.Operator{}, "", errNoSession
	}
	session, err := c.store.UseConsoleSession(r.Context(), storage.Hash(cookie.Value), sessionIdle)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, operator.Operator{}, "", errNoSession
	}
	if err != nil {
		return nil, operator.Operator{}, "", err
	}
	who, user, err := c.findOperator(r.Context(), session.UserID)
	if err == nil && user.PasswordSetAt.After(session.AuthTime) {
		err = errNoOperator
	}
	if errors.Is(err, errNoOperator) {
		if err := c.store.EndConsoleSession(r.Context(), session.ID); err != nil {
			return nil, operator.Operator{}, "", err
		}
		return nil, operator.Operator{}, "", errNoSession
	}
	if err != nil {
		return nil, operator.Operator{}, "", err
	}
	return session, who, formToken(cookie.Value), nil
}

// formToken is what each form of a session carries. Who knows it does not know the cookie.
func formToken(cookie string) string {
	mac := hmac.New(sha256.New, []byte(cookie))
	mac.Write([]byte("form of the console"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
