package login

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"ithildin/provider/identity"
)

var (
	// ErrPendingExpired says that the authorization request began longer ago than PendingLifetime.
	ErrPendingExpired = errors.New("login: the pending request has expired")
	// ErrPendingForeign says that a pending request is missing or damaged, or belongs to another browser.
	ErrPendingForeign = errors.New("login: no pending request of this browser")
)

// PendingLifetime is how long a person has from the authorization request to the last page.
const PendingLifetime = 30 * time.Minute

// maximumPending bounds a sealed request in bytes, since it travels in a URL. Proxies in front take less.
const maximumPending = 16 << 10

// maximumForm bounds the body of a posted page in bytes.
const maximumForm = 64 << 10

// Interaction is an authorization request that waits for a person. It lives in the page, sealed, and nowhere else, so
// that a visitor who never signs in leaves no row.
type Interaction struct {
	Frontend  string `json:"face,omitempty"`
	Query     string `json:"query,omitempty"`  // raw, parsed and checked again at each step
	Signed    bool   `json:"signed,omitempty"` // the query is what a verified request object said
	At        int64  `json:"at"`               // microseconds: when the authorization request came; 0 becomes now
	ClientID  string `json:"client_id,omitempty"`
	LoginHint string `json:"login_hint,omitempty"`
	UILocales string `json:"ui_locales,omitempty"`
	// Page is where the person goes on to in the place of an authorization request: a path, with Query for its query.
	Page string `json:"page,omitempty"`
	// UserID is whom a consent page was made for, so that nobody answers for another user of the same browser.
	UserID string `json:"user_id,omitempty"`
	// Scope and Claims are what a consent page showed, so that nothing else is consented to.
	Scope  []string `json:"scope,omitempty"`
	Claims []string `json:"claims,omitempty"`
	// Details stands for the authorization details that a consent page showed.
	Details string `json:"details,omitempty"`
	// RedirectURI is where a consent page said that the browser returns to, and Document the hash of the document that
	// described the client.
	RedirectURI string `json:"redirect_uri,omitempty"`
	Document    []byte `json:"document,omitempty"`
	// Required is what the sign-in has to be like; Passed is how far it has come.
	Required identity.RequiredAuthentication `json:"demand,omitzero"`
	Progress *SignInProgress                 `json:"passed,omitempty"`
	// FirstFactor says that a user without the second factor that is required is asked for a phone, and not refused.
	FirstFactor bool `json:"first_factor,omitempty"`
	// PasswordResetID is the link by which a forgotten password is being set; PasswordIsSet says that it was.
	PasswordResetID string `json:"password_reset_id,omitempty"`
	PasswordIsSet   bool   `json:"password_is_set,omitempty"`
	// Invitation is the invitation that a page is about, in the place of an authorization request.
	Invitation *InvitationProgress `json:"invitation,omitempty"`
	// Device is the request of a device that the person answers, in the place of an authorization request.
	Device *DeviceProgress `json:"device,omitempty"`
	// Passkey is what the page asks an authenticator.
	Passkey *identity.PasskeyCeremony `json:"passkey,omitempty"`
	// Change is how far a signed-in person has come with a change of their account, in the place of a sign-in.
	Change *AccountChange `json:"change,omitempty"`
}

// interactions seal what waits for a person into the pages of one browser, and open it again.
type interactions struct {
	*layout
	now func() time.Time
	key []byte // from which the keys of browsers are derived
}

// RedirectToPage redirects to a page of this package or of package provider, path?request=…, which carries the request
// on.
func (i *interactions) RedirectToPage(w http.ResponseWriter, r *http.Request, path string, p Interaction) error {
	sealed, err := i.Seal(w, r, p)
	if err != nil {
		return err
	}
	i.redirect(w, r, path, sealed)
	return nil
}

// RedirectBack takes a person on to the page for which a request waited (Pending.Page), after a sign-in.
func (i *interactions) RedirectBack(w http.ResponseWriter, r *http.Request, p Interaction) {
	i.writeHeaders(w, contentPolicy{})
	location := i.path + p.Page
	if p.Query != "" {
		location += "?" + p.Query
	}
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// Seal encrypts a request for the browser that asks, and gives that browser a cookie if it has none. The text is for a
// query or a hidden field named request.
func (i *interactions) Seal(w http.ResponseWriter, r *http.Request, p Interaction) (string, error) {
	if p.At == 0 {
		p.At = i.now().UnixMicro()
	}
	browser, err := i.browser(w, r)
	if err != nil {
		return "", err
	}
	plaintext, err := encodePending(p)
	if err != nil {
		return "", err
	}
	aead, err := i.browserSealer(browser)
	if err != nil {
		return "", err
	}
	sealed, err := sealWith(i.random, aead, plaintext, browser)
	if err != nil {
		return "", err
	}
	if len(sealed) > maximumPending {
		return "", errTooLarge
	}
	return sealed, nil
}

// browser returns the cookie that pending requests are bound to, making it where there is none.
func (i *interactions) browser(w http.ResponseWriter, r *http.Request) (string, error) {
	if browser := i.readToken(r, browserCookie); browser != "" {
		return browser, nil
	}
	browser, err := i.newToken()
	if err != nil {
		return "", err
	}
	i.setCookie(w, browserCookie, browser, 0)
	// Whatever else this request seals is bound to the same cookie.
	r.AddCookie(&http.Cookie{Name: i.cookieName(browserCookie), Value: browser})
	return browser, nil
}

// OpenInteraction opens the request that a page carries, from the form value or query parameter named request. Errors:
// ErrPendingExpired, ErrPendingForeign; Fail has a page for both.
func (i *interactions) OpenInteraction(r *http.Request) (Interaction, error) {
	sealed, err := sealedRequest(r)
	if err != nil {
		return Interaction{}, err
	}
	return i.open(r, sealed)
}

func (i *interactions) open(r *http.Request, sealed string) (p Interaction, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	browser := i.readToken(r, browserCookie)
	if err != nil || browser == "" {
		return Interaction{}, ErrPendingForeign
	}
	aead, err := i.browserSealer(browser)
	if err != nil {
		return Interaction{}, err
	}
	plaintext, err := openWith(aead, raw, browser)
	if err != nil {
		// Of a server of the release before, which sealed under the one key from which the others are derived.
		if aead, err = newSealer(i.key); err == nil {
			plaintext, err = openWith(aead, raw, browser)
		}
	}
	if err != nil {
		return Interaction{}, ErrPendingForeign
	}
	if p, err = decodePending(plaintext); err != nil {
		return Interaction{}, fmt.Errorf("%w: %w", ErrPendingForeign, err)
	}
	if i.now().Sub(time.UnixMicro(p.At)) > PendingLifetime {
		return Interaction{}, ErrPendingExpired
	}
	return p, nil
}

// sealedRequest reads the one value named request, of the body where there is one.
func sealedRequest(r *http.Request) (string, error) {
	values, err := submitted(r)
	if err != nil {
		return "", err
	}
	if list := values["request"]; len(list) == 1 && len(list[0]) <= maximumPending {
		return list[0], nil
	}
	return "", ErrPendingForeign
}

// submitted returns the form of a POST, bounded, and the query of anything else.
func submitted(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return r.URL.Query(), nil
	}
	if r.PostForm == nil {
		form, err := readForm(r)
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			return nil, errFormTooLarge
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errMalformedForm, err)
		}
		r.PostForm = form
	}
	return r.PostForm, nil
}

// browserSealer seals the requests of one browser, under a key that is derived from its cookie: AES-GCM with random
// nonces is good for 2^32 texts a key (NIST SP 800-38D 8.3), and anybody can have a request sealed.
func (i *interactions) browserSealer(browser string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, i.key, nil, "pending requests of the browser "+browser, 32)
	if err != nil {
		return nil, fmt.Errorf("login: key of a browser: %w", err)
	}
	return newSealer(key)
}

func newSealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("login: key of pending requests: %w", err)
	}
	return cipher.NewGCM(block)
}

// sealWith seals a text for a browser, or another context, behind a new nonce.
func sealWith(random io.Reader, aead cipher.AEAD, plaintext []byte, context string) (string, error) {
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("login: no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plaintext, []byte(context))), nil
}

// openWith opens a nonce and what was sealed with it for a browser, or another context.
func openWith(aead cipher.AEAD, raw []byte, context string) ([]byte, error) {
	if len(raw) < aead.NonceSize() {
		return nil, ErrPendingForeign
	}
	return aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(context))
}
