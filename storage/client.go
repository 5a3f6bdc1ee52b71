package storage

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// How a client proves who it is at the token endpoint (OIDC Core 9).
const (
	AuthMethodNone          = "none"
	AuthMethodBasic         = "client_secret_basic"
	AuthMethodPost          = "client_secret_post"
	AuthMethodPrivateKeyJWT = "private_key_jwt"
	AuthMethodSecretJWT     = "client_secret_jwt"
	AuthMethodTLS           = "tls_client_auth"             // RFC 8705 2.1
	AuthMethodSelfSignedTLS = "self_signed_tls_client_auth" // RFC 8705 2.2
)

// MaximumClientID bounds the id of a client, in bytes.
const MaximumClientID = 255

// Metadata is what a client registered about itself, under the names of RFC 7591 and OIDC Registration 2.
type Metadata struct {
	ApplicationType string   `json:"application_type,omitempty"`
	Contacts        []string `json:"contacts,omitempty"`
	GrantTypes      []string `json:"grant_types,omitempty"`
	ResponseTypes   []string `json:"response_types,omitempty"`

	TokenEndpointAuthMethod     string              `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthSigningAlg string              `json:"token_endpoint_auth_signing_alg,omitempty"`
	JWKS                        *jose.JSONWebKeySet `json:"jwks,omitempty"`
	JWKSURI                     string              `json:"jwks_uri,omitempty"`

	SubjectType         string `json:"subject_type,omitempty"`
	SectorIdentifierURI string `json:"sector_identifier_uri,omitempty"`

	IDTokenSignedResponseAlg  string `json:"id_token_signed_response_alg,omitempty"`
	UserinfoSignedResponseAlg string `json:"userinfo_signed_response_alg,omitempty"`
	AccessTokenSigningAlg     string `json:"access_token_signing_alg,omitempty"`
	// AuthorizationSignedResponseAlg signs authorization responses that are JWTs (JARM 3).
	AuthorizationSignedResponseAlg string `json:"authorization_signed_response_alg,omitempty"`
	// IntrospectionSignedResponseAlg signs answers of the introspection endpoint that are JWTs (RFC 9701 6).
	IntrospectionSignedResponseAlg string `json:"introspection_signed_response_alg,omitempty"`

	RequestObjectSigningAlg    string   `json:"request_object_signing_alg,omitempty"`
	RequireSignedRequestObject bool     `json:"require_signed_request_object,omitempty"`
	RequestURIs                []string `json:"request_uris,omitempty"`
	// RequirePushedAuthorizationRequests says that authorization requests of the client count only where it has pushed
	// them (RFC 9126 6).
	RequirePushedAuthorizationRequests bool `json:"require_pushed_authorization_requests,omitempty"`

	DPoPBoundAccessTokens        bool `json:"dpop_bound_access_tokens,omitempty"`                   // RFC 9449 5.2
	CertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"` // RFC 8705 3.4
	// The subject of the certificate of a client with tls_client_auth, in one of these forms (RFC 8705 2.1.2).
	TLSClientAuthSubjectDN string `json:"tls_client_auth_subject_dn,omitempty"`
	TLSClientAuthSANDNS    string `json:"tls_client_auth_san_dns,omitempty"`
	TLSClientAuthSANURI    string `json:"tls_client_auth_san_uri,omitempty"`
	TLSClientAuthSANIP     string `json:"tls_client_auth_san_ip,omitempty"`
	TLSClientAuthSANEmail  string `json:"tls_client_auth_san_email,omitempty"`

	Audience []string `json:"audience,omitempty"`
	// AuthorizationDetailsTypes are those that the client may use beside the open ones (RFC 9396 10).
	AuthorizationDetailsTypes []string `json:"authorization_details_types,omitempty"`
	AllowedCORSOrigins        []string `json:"allowed_cors_origins,omitempty"`
	DefaultMaxAge             *int64   `json:"default_max_age,omitempty"` // seconds; nil: any age will do
	RequireAuthTime           bool     `json:"require_auth_time,omitempty"`
	DefaultACRValues          []string `json:"default_acr_values,omitempty"`
	InitiateLoginURI          string   `json:"initiate_login_uri,omitempty"`

	ClientURI string `json:"client_uri,omitempty"`
	LogoURI   string `json:"logo_uri,omitempty"`
	PolicyURI string `json:"policy_uri,omitempty"`
	TermsURI  string `json:"tos_uri,omitempty"`

	PostLogoutRedirectURIs            []string `json:"post_logout_redirect_uris,omitempty"`
	BackchannelLogoutURI              string   `json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSessionRequired  bool     `json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI             string   `json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSessionRequired bool     `json:"frontchannel_logout_session_required,omitempty"`

	SoftwareID      string `json:"software_id,omitempty"`
	SoftwareVersion string `json:"software_version,omitempty"`
}

// How a client knows its users (OIDC Core 8).
const (
	SubjectTypePublic   = "public"
	SubjectTypePairwise = "pairwise"
)

// Client is a registered client with its type and connections. A cached one is shared and never changed: a request that
// knows more (the connection that authenticated, the redirect URI that was asked for) works on a copy.
type Client struct {
	ID              string
	Name            string
	TypeID          string // "" where it has no client type
	TypeName        string
	TypeScope       []string
	OwnerID         string
	Scope           []string // its own list
	Policy          Policy
	Metadata        Metadata
	Settings        json.RawMessage
	PrivateSettings json.RawMessage
	IsBlocked       bool
	BlockReason     string
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Connections     []*Connection
	// Document is what describes a client that is known by a URL; nil for every other.
	Document *ClientDocument

	// Connection is the one that authenticated in this request.
	Connection *Connection
	// RedirectURI is the one of this request, after it was matched against the connections.
	RedirectURI string
}

// Connection is one MIS that works for a client, or the client's only one: secrets, redirect URIs and how they match.
type Connection struct {
	ID             string
	ClientID       string
	ConsumerID     string // "" where the client has a connection of its own, not a MIS's
	RedirectURIs   []string
	RedirectMatch  string
	RequireScope   bool
	RefreshBoundTo string
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Secrets        []ConnectionSecret
}

// ConnectionSecret is one live secret of a connection; two at a time make rotation painless.
type ConnectionSecret struct {
	ID           string
	Hash         []byte // SHA-256, for a secret of 128 bits or more
	PasswordHash string // argon2id, for a weaker one
	Lookup       []byte // of a weaker one that doubles as an api-key; written, never read back
	// Sealed is the secret itself (Store.SealSecret), of a client that signs with it or whose secret the legacy admin API
	// shows again; else "".
	Sealed    string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// IsLegacy says whether the client has the policy of the legacy API, as the presets ehealth and mithril give it.
func (c *Client) IsLegacy() bool { return c.Policy.TokenForm == TokenFormLegacy }

// AllowedScope is the client's own list within its client type's, where it has one.
func (c *Client) AllowedScope() []string {
	if c.TypeID == "" {
		return c.Scope
	}
	if len(c.Scope) == 0 {
		return c.TypeScope
	}
	var both []string
	for _, s := range c.Scope {
		if slices.Contains(c.TypeScope, s) {
			both = append(both, s)
		}
	}
	return both
}

// ConnectionByID finds a connection of the client, nil if it has none of that id.
func (c *Client) ConnectionByID(id string) *Connection {
	for _, connection := range c.Connections {
		if connection.ID == id {
			return connection
		}
	}
	return nil
}

// WithConnection returns a copy for a request in which that connection authenticated.
func (c *Client) WithConnection(connection *Connection) *Client {
	request := *c
	request.Connection = connection
	return &request
}

// WithRedirectURI returns a copy for a request whose redirect URI was matched already.
func (c *Client) WithRedirectURI(uri string) *Client {
	request := *c
	request.RedirectURI = uri
	return &request
}

// RegisteredRedirectURIs lists the redirect URIs of all connections.
func (c *Client) RegisteredRedirectURIs() []string {
	var uris []string
	for _, connection := range c.Connections {
		uris = append(uris, connection.RedirectURIs...)
	}
	return uris
}

// IsPublic says that the client authenticates by nothing.
func (c *Client) IsPublic() bool { return c.Metadata.TokenEndpointAuthMethod == AuthMethodNone }

// BindsAccessTokens says whether each access token of the client must be bound to a key or a certificate.
func (c *Client) BindsAccessTokens() bool {
	return c.Metadata.DPoPBoundAccessTokens || c.Metadata.CertificateBoundAccessTokens
}

// SplitScope cuts a scope string at white space and drops repetitions, in order.
func SplitScope(scope string) []string {
	fields := strings.Fields(scope)
	unique := fields[:0]
	for _, f := range fields {
		if !slices.Contains(unique, f) {
			unique = append(unique, f)
		}
	}
	return unique
}
