package storage

import (
	"errors"
	"fmt"
	"time"
)

// The values of the policies. They are data on a client or its connection, so that one flow serves both faces and a
// client moves from one to the other setting by setting.
const (
	AccessTokenJWT    = "jwt"    // RFC 9068
	AccessTokenOpaque = "opaque" // stored by its hash

	AccessTokenTypAccess = "at+jwt" // RFC 9068 2.1
	AccessTokenTypJWT    = "JWT"    // for resource servers that take no other, such as Spring Security

	TokenFormOwn    = "own"
	TokenFormLegacy = "legacy" // 32 alphanumeric characters, as mithril's clients keep them

	RefreshIssuedWithOfflineAccess = "offline_access" // OIDC Core 11
	RefreshIssuedAlways            = "always"

	RefreshRotate = "rotate" // a new token each time, the old one good for a grace
	RefreshReuse  = "reuse"  // the same token until it expires

	RefreshScopeGranted  = "granted"  // what was granted, less what was lost since
	RefreshScopeCurrent  = "current"  // the approval, within client type and roles
	RefreshScopeApproval = "approval" // the approval as it stands

	LoginScopeRoles      = "roles"       // what the user's roles for the client give, and what needs none
	LoginScopeClientType = "client_type" // all that the client's type has, as in the old system

	FactorChangeRecent  = "recent_authentication" // a sign-in of the last minutes that went through the old factor
	FactorChangeSession = "session"               // any session, as in the old system

	CodeReplayRevoke = "revoke" // RFC 6749 4.1.2: revoke what the code was exchanged for
	CodeReplayRefuse = "refuse"

	RefreshLifetimeFromRotation = "rotation" // and a year from the exchange of the code at most
	RefreshLifetimeFromIssue    = "issue"

	RedirectMatchExact  = "exact"
	RedirectMatchPrefix = "prefix"

	// the issuer, the token endpoint or the one called, in a list or not (OIDC Core 9)
	AssertionAudienceEndpoint = "endpoint"
	AssertionAudienceIssuer   = "issuer" // the issuer, alone and as a string (RFC 7523bis, FAPI 2.0)

	RefreshBoundToConnection = "connection"
	RefreshBoundToClient     = "client"
)

// Policy is what may differ from client to client. Its JSON has the lifetimes in seconds.
type Policy struct {
	// Profile is the name of the security profile of the client, one of Profiles.
	Profile string `json:"profile"`

	AccessToken string `json:"access_token"`
	// AccessTokenTyp is the typ in the header of a JWT access token.
	AccessTokenTyp string `json:"access_token_typ"`

	TokenForm     string        `json:"token_form"`
	RefreshIssued string        `json:"refresh_issued"`
	Refresh       string        `json:"refresh"`
	RefreshGrace  time.Duration `json:"-"`
	// RefreshRetry is how long after its rotation a refresh token answers again while nobody has used its successor. It
	// does not count where RefreshGrace is 0.
	RefreshRetry        time.Duration `json:"-"`
	RefreshScope        string        `json:"refresh_scope"`
	RefreshLifetimeFrom string        `json:"refresh_lifetime_from"`
	// LoginScope is what the scope of a token of the login API lies within, beside the client's own.
	LoginScope string `json:"login_scope"`
	// FactorChange is by which session of the login API a person may replace their second factor.
	FactorChange    string        `json:"factor_change"`
	CodeReplay      string        `json:"code_replay"`
	RequirePKCE     bool          `json:"require_pkce"`
	RequireState    bool          `json:"require_state"`
	CodeLifetime    time.Duration `json:"-"`
	AccessLifetime  time.Duration `json:"-"`
	RefreshLifetime time.Duration `json:"-"`
	// AssertionAudience is whom a client assertion must be addressed to.
	AssertionAudience string `json:"assertion_audience"`
	// IntrospectAny lets the client ask about tokens that are not its own.
	IntrospectAny bool `json:"introspect_any"`
	// Trusted lets the client name no scope on POST /oauth/apps/authorize, and have all that the user's roles give; its
	// users are not asked for consent on the legacy face (contract section 1, trusted clients).
	Trusted bool `json:"trusted"`
}

// The presets of policies and of the connections that go with them.
const (
	PresetStandard = "standard" // a new standard client
	PresetEHealth  = "ehealth"  // a new eHealth client
	PresetMithril  = "mithril"  // of the old system; see ImportedPolicy for those imported, or made by its admin API
)

const (
	// RefreshAbsoluteLifetime is the longest that a family of refresh tokens lives, from the exchange of its code.
	RefreshAbsoluteLifetime = 365 * day
	// MaximumAccessLifetime is the longest that an access token lives: a retired key verifies for as long.
	MaximumAccessLifetime = 31 * day
	// DefaultRefreshRetry is Policy.RefreshRetry of every preset, and of policies from before there was one: longer than a
	// database or a network is usually away, and shorter than the night in which a stolen device is not missed.
	DefaultRefreshRetry = 4 * time.Hour
)

// NewPolicy returns the policy of a preset.
func NewPolicy(preset string) (Policy, error) {
	switch preset {
	case PresetStandard:
		return Policy{
			Profile:     ProfileBaseline,
			AccessToken: AccessTokenJWT, AccessTokenTyp: AccessTokenTypAccess, TokenForm: TokenFormOwn,
			RefreshIssued: RefreshIssuedWithOfflineAccess, Refresh: RefreshRotate, RefreshGrace: 30 * time.Second,
			RefreshRetry: DefaultRefreshRetry,
			RefreshScope: RefreshScopeGranted, RefreshLifetimeFrom: RefreshLifetimeFromRotation,
			CodeReplay: CodeReplayRevoke, CodeLifetime: time.Minute, AccessLifetime: time.Hour, RefreshLifetime: 30 * day,
			AssertionAudience: AssertionAudienceEndpoint, LoginScope: LoginScopeRoles, FactorChange: FactorChangeRecent,
		}, nil
	case PresetEHealth, PresetMithril:
		p := Policy{
			Profile:     ProfileBaseline,
			AccessToken: AccessTokenOpaque, AccessTokenTyp: AccessTokenTypAccess, TokenForm: TokenFormLegacy,
			RefreshIssued: RefreshIssuedAlways, Refresh: RefreshReuse, RefreshGrace: 30 * time.Second,
			RefreshRetry: DefaultRefreshRetry,
			RefreshScope: RefreshScopeCurrent, RefreshLifetimeFrom: RefreshLifetimeFromIssue,
			CodeReplay: CodeReplayRefuse, CodeLifetime: 5 * time.Minute, AccessLifetime: 30 * day,
			RefreshLifetime:   30 * day,
			AssertionAudience: AssertionAudienceEndpoint, LoginScope: LoginScopeRoles, FactorChange: FactorChangeRecent,
		}
		if preset == PresetMithril {
			p.RefreshLifetime = 7 * day
		}
		return p, nil
	}
	return Policy{}, fmt.Errorf("unknown preset %q: want %s, %s or %s", preset, PresetStandard, PresetEHealth,
		PresetMithril)
}

// ImportedPolicy returns the policy of a client that is imported from mithril, or made by its admin API: as
// PresetMithril, and what its users and clients could do there, they still can, until the operator has seen by the
// audit that nobody needs it.
func ImportedPolicy() (Policy, error) {
	p, err := NewPolicy(PresetMithril)
	p.RefreshScope, p.LoginScope, p.FactorChange = RefreshScopeApproval, LoginScopeClientType, FactorChangeSession
	return p, err
}

// ApplyPreset gives a connection the settings of a preset.
func (c *Connection) ApplyPreset(preset string) {
	c.RedirectMatch, c.RequireScope, c.RefreshBoundTo = RedirectMatchExact, true, RefreshBoundToConnection
	if preset == PresetMithril {
		c.RedirectMatch, c.RequireScope, c.RefreshBoundTo = RedirectMatchPrefix, false, RefreshBoundToClient
	}
}

// Validate names every setting that has no known value.
func (p Policy) Validate() error {
	var problems []error
	oneOf := func(name, value string, allowed ...string) {
		for _, a := range allowed {
			if value == a {
				return
			}
		}
		problems = append(problems, fmt.Errorf("%s is %q: want one of %v", name, value, allowed))
	}
	oneOf("profile", p.Profile, ProfileNames()...)
	oneOf("access_token", p.AccessToken, AccessTokenJWT, AccessTokenOpaque)
	oneOf("access_token_typ", p.AccessTokenTyp, AccessTokenTypAccess, AccessTokenTypJWT)
	oneOf("token_form", p.TokenForm, TokenFormOwn, TokenFormLegacy)
	oneOf("refresh_issued", p.RefreshIssued, RefreshIssuedWithOfflineAccess, RefreshIssuedAlways)
	oneOf("refresh", p.Refresh, RefreshRotate, RefreshReuse)
	oneOf("refresh_scope", p.RefreshScope, RefreshScopeGranted, RefreshScopeCurrent, RefreshScopeApproval)
	oneOf("login_scope", p.LoginScope, LoginScopeRoles, LoginScopeClientType)
	oneOf("factor_change", p.FactorChange, FactorChangeRecent, FactorChangeSession)
	oneOf("refresh_lifetime_from", p.RefreshLifetimeFrom, RefreshLifetimeFromRotation, RefreshLifetimeFromIssue)
	oneOf("code_replay", p.CodeReplay, CodeReplayRevoke, CodeReplayRefuse)
	oneOf("assertion_audience", p.AssertionAudience, AssertionAudienceEndpoint, AssertionAudienceIssuer)
	between := func(name string, value, least, most time.Duration) {
		if value < least || value > most {
			problems = append(problems, fmt.Errorf("%s is %d: want %d to %d seconds", name, value/time.Second,
				least/time.Second, most/time.Second))
		}
	}
	between("code_lifetime", p.CodeLifetime, time.Second, time.Hour)
	between("access_lifetime", p.AccessLifetime, time.Second, MaximumAccessLifetime)
	between("refresh_lifetime", p.RefreshLifetime, time.Second, RefreshAbsoluteLifetime)
	between("refresh_grace", p.RefreshGrace, 0, time.Hour)
	between("refresh_retry", p.RefreshRetry, 0, day)
	return errors.Join(problems...)
}
