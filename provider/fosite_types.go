package provider

import (
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/token/jwt"

	"ithildin/storage"
)

// fositeClient is a storage.Client as fosite asks about it.
type fositeClient struct{ *storage.Client }

var (
	_ fosite.Client             = fositeClient{}
	_ fosite.ResponseModeClient = fositeClient{}
)

// storedClient returns the client of a request that fosite hands to us.
func storedClient(r fosite.Requester) *storage.Client { return r.GetClient().(fositeClient).Client }

// GetID is the client_id.
func (c fositeClient) GetID() string { return c.ID }

// GetHashedSecret is empty: package clientauth authenticates clients, over connections.
func (fositeClient) GetHashedSecret() []byte { return nil }

// GetRedirectURIs is the one redirect URI of the request once it was matched, else every registered one. fosite's own
// matching ignores the scheme of loopback addresses and knows no prefixes, so that it only ever sees a matched value.
func (c fositeClient) GetRedirectURIs() []string {
	if c.RedirectURI != "" {
		return []string{c.RedirectURI}
	}
	return c.RegisteredRedirectURIs()
}

// GetGrantTypes lists the grants that the client may use.
func (c fositeClient) GetGrantTypes() fosite.Arguments { return c.Metadata.GrantTypes }

// GetResponseTypes lists the response types that the client may ask for.
func (c fositeClient) GetResponseTypes() fosite.Arguments { return c.Metadata.ResponseTypes }

// GetScopes lists the scopes that the client may ask for.
func (c fositeClient) GetScopes() fosite.Arguments { return c.AllowedScope() }

// GetAudience lists the audiences that the client may ask for.
func (c fositeClient) GetAudience() fosite.Arguments { return c.Metadata.Audience }

// GetResponseModes lists the response modes that any client may ask for.
func (fositeClient) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{
		fosite.ResponseModeDefault, fosite.ResponseModeQuery, fosite.ResponseModeFragment, fosite.ResponseModeFormPost,
	}
}

// fositeSession is a storage.Session as fosite carries it from call to call.
type fositeSession struct {
	*storage.Session
	claims  *jwt.IDTokenClaims
	headers *jwt.Headers
}

var _ openid.Session = (*fositeSession)(nil)

// storedSession returns the session of a request that fosite hands to us.
func storedSession(r fosite.Requester) *storage.Session {
	return r.GetSession().(*fositeSession).Session
}

// IDTokenClaims is the pointer that fosite's handlers write to. The ID token itself is built from the Session's own
// fields; of these claims fosite only needs a subject.
func (s *fositeSession) IDTokenClaims() *jwt.IDTokenClaims {
	if s.claims == nil {
		s.claims = &jwt.IDTokenClaims{Subject: s.Subject}
	}
	return s.claims
}

// IDTokenHeaders is never used for signing.
func (s *fositeSession) IDTokenHeaders() *jwt.Headers {
	if s.headers == nil {
		s.headers = &jwt.Headers{}
	}
	return s.headers
}

// SetExpiresAt drops what fosite computes: expiries follow from the clock and the client's policy.
func (*fositeSession) SetExpiresAt(fosite.TokenType, time.Time) {}

// GetExpiresAt is unknown here; what a request issues is in its issuance.
func (*fositeSession) GetExpiresAt(fosite.TokenType) time.Time { return time.Time{} }

// GetUsername is empty: a subject is an id.
func (*fositeSession) GetUsername() string { return "" }

// GetSubject is the sub of tokens.
func (s *fositeSession) GetSubject() string { return s.Subject }

// Clone copies what is stored.
func (s *fositeSession) Clone() fosite.Session {
	stored := *s.Session
	return &fositeSession{Session: &stored}
}
