package storage

import (
	"encoding/json"
	"fmt"
	"time"
)

// GrantTypeImplicit is how a token came about that went through the browser (OIDC Core 3.2, 3.3).
const GrantTypeImplicit = "implicit"

// GrantTypeDeviceCode is how a token came about for which somebody signed in on another device (RFC 8628).
const GrantTypeDeviceCode = "urn:ietf:params:oauth:grant-type:device_code"

// How the tokens of the login API came about (contract section 1).
const (
	GrantTypePassword         = "password"
	GrantTypeChangePassword   = "change_password"
	GrantTypeDigitalSignature = "digital_signature"
)

// Session is what a code and its grant remember of the authorization: who, how and under which conditions. It is stored
// as JSON with the row.
type Session struct {
	UserID      string    `json:"user_id,omitempty"`
	Subject     string    `json:"sub"`
	RedirectURI string    `json:"redirect_uri,omitempty"` // of the code it came from; shown by the legacy face
	SessionID   string    `json:"session_id,omitempty"`   // login_sessions.session_id
	AuthTime    time.Time `json:"-"`                      // zero where it is not known
	AMR         []string  `json:"amr,omitempty"`
	ACR         string    `json:"acr,omitempty"`
	Nonce       string    `json:"nonce,omitempty"`
	Audience    []string  `json:"aud,omitempty"`
	// AuthorizationDetails are what was granted beside the scope, a JSON list (RFC 9396); nil for none.
	AuthorizationDetails json.RawMessage `json:"authorization_details,omitempty"`
	// ClaimsInUserinfo and ClaimsInIDToken are single claims of the user that were requested and granted, beside those
	// that the scope opens (OIDC Core 5.5).
	ClaimsInUserinfo []string `json:"claims_userinfo,omitempty"`
	ClaimsInIDToken  []string `json:"claims_id_token,omitempty"`
	// CodeChallenge is S256 of RFC 7636, "" where the authorization request had none.
	CodeChallenge string `json:"code_challenge,omitempty"`
	// DPoPKey is the thumbprint of the key that the code must be exchanged with (RFC 9449 10), "" where any will do.
	DPoPKey string `json:"dpop_jkt,omitempty"`
	// Confirmation is what an access token is bound to, or the refresh tokens of a grant; nil for a bearer token.
	Confirmation *Confirmation `json:"cnf,omitempty"`
	// RedirectURIGiven says that the authorization request named its redirect URI, so that the exchange must (RFC 6749
	// 4.1.3).
	RedirectURIGiven bool `json:"redirect_uri_given,omitempty"`
	// GrantType is how a token came about, in the words of contract section 1; "" follows from the row.
	GrantType string `json:"grant_type,omitempty"`
	// ScopeRequest is what a token of a sign-in that is not complete yet will stand for (contract section 1, token kinds).
	ScopeRequest string `json:"scope_request,omitempty"`
	// Factor and FactorType are what a person wants to confirm as a second factor.
	Factor     string `json:"request_authentication_factor,omitempty"`
	FactorType string `json:"request_authentication_factor_type,omitempty"`
	// FactorBefore is the second factor that Factor is to take the place of.
	FactorBefore string `json:"factor_before,omitempty"`
	// Details are those that an administrator wrote a token with (contract section 2.7.8); nil for other tokens.
	Details json.RawMessage `json:"details,omitempty"`
	// PasswordSetAt is that of the password which a sign-in began with; zero where it began otherwise.
	PasswordSetAt time.Time `json:"-"`
}

// Confirmation is the key that whoever presents a token must prove to hold (RFC 7800 3), as the claim cnf has it.
type Confirmation struct {
	JKT     string `json:"jkt,omitempty"`      // SHA-256 thumbprint of a key, base64url (RFC 9449 6.1)
	X5TS256 string `json:"x5t#S256,omitempty"` // SHA-256 of a certificate, base64url (RFC 8705 3.1)
}

// sessionTimes are the times of a Session as its JSON has them.
type sessionTimes struct {
	AuthTime      microseconds `json:"auth_time,omitempty"`
	PasswordSetAt seconds      `json:"password_set_at,omitempty"`
}

func (s *Session) encode() string {
	encoded, err := json.Marshal(struct {
		*Session
		sessionTimes
	}{s, sessionTimes{microseconds(toMicroseconds(s.AuthTime)), seconds(toSeconds(s.PasswordSetAt))}})
	if err != nil {
		panic(fmt.Sprintf("storage: session: %v", err)) // strings and numbers always marshal
	}
	return string(encoded)
}

func decodeSession(value string) (*Session, error) {
	var stored struct {
		Session
		sessionTimes
	}
	if err := json.Unmarshal([]byte(value), &stored); err != nil {
		return nil, fmt.Errorf("storage: session: %w", err)
	}
	s := &stored.Session
	s.AuthTime, s.PasswordSetAt = stored.sessionTimes.AuthTime.time(), stored.sessionTimes.PasswordSetAt.time()
	return s, nil
}
