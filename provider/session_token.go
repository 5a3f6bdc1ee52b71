package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// ErrSignInOver says that the user of a sign-in was blocked, or got another password, while it went on.
var ErrSignInOver = errors.New("provider: the sign-in is over")

// SessionToken is the token of somebody who signs in through an API: a session token, or one that says how far a
// sign-in with several steps has come (contract section 1, token kinds).
type SessionToken struct {
	ID           string // UUID; default: made here
	Kind         string // storage.KindAccessToken, KindTwoFactor or KindChangePasswordToken
	Client       *storage.Client
	UserID       string
	Scope        string
	ScopeRequest string // what the complete sign-in will have
	GrantType    string // how the sign-in began
	RedirectURI  string // of tokens that were imported with one
	Factor       string // the second factor that is to be confirmed
	FactorType   string
	FactorBefore string // the second factor that Factor is to take the place of
	AMR          []string
	ACR          string // storage.Assurance…
	// AuthTime is when the person proved who they are; default: now.
	AuthTime time.Time
	// PasswordSetAt is that of the user's password which the sign-in began with; zero where it began otherwise.
	PasswordSetAt time.Time
	// Invited says that the token is for the answer to an invitation: its scope needs no role, and it lives for a minute.
	Invited bool
	// ByAdministrator says that no sign-in stands behind the token: whoever may administrate vouches for its user, who may
	// be blocked. The token is of no use then.
	ByAdministrator bool

	Value     string    // made here
	ExpiresAt time.Time // made here
}

// invitedLifetime is the life of a token for the answer to an invitation: for one call.
const invitedLifetime = time.Minute

// SessionTokens makes and finds the tokens of those who sign in through an API. It is safe for concurrent use.
type SessionTokens struct {
	store  *storage.Store
	now    func() time.Time
	random io.Reader
	// changePasswordLifetime is how long a token for a change of the password lives.
	changePasswordLifetime time.Duration
}

func newSessionTokens(
	store *storage.Store, now func() time.Time, random io.Reader, changePasswordLifetime time.Duration,
) *SessionTokens {
	lifetime := cmp.Or(changePasswordLifetime, identity.ChangePasswordLifetime)
	return &SessionTokens{store: store, now: now, random: random, changePasswordLifetime: lifetime}
}

// Issue makes a session token and ends those that the user has of the client, in one write: one for a change of the
// password, which lives for minutes, ends others like it; one of Invited, which lives for a minute, ends none, so that
// two answers at once do not end each other's; any other ends all but those. Its life is that of the client's access
// tokens. Errors: ErrSignInOver, and those of Check.
func (s *SessionTokens) Issue(ctx context.Context, t SessionToken) (*SessionToken, error) {
	beyond, err := s.check(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.Value, err = oauth.OpaqueToken(s.random, t.Client.Policy.TokenForm); err != nil {
		return nil, err
	}
	if t.ID == "" {
		t.ID = s.store.NewID()
	}
	now := s.store.Now()
	t.ExpiresAt = now.Add(t.Client.Policy.AccessLifetime)
	if t.Kind == storage.KindChangePasswordToken {
		t.ExpiresAt = now.Add(min(t.Client.Policy.AccessLifetime, s.changePasswordLifetime))
	}
	if t.Invited {
		t.ExpiresAt = now.Add(min(t.Client.Policy.AccessLifetime, invitedLifetime))
	}
	if t.AuthTime.IsZero() {
		t.AuthTime = s.now()
	}
	u := s.store.NewBatch()
	queue := u.QueueSessionToken
	switch {
	case t.ByAdministrator:
		queue = u.QueueVouchedSessionToken
	case t.Invited:
		queue = u.QueueSingleSessionToken
	}
	queue(storage.AccessToken{
		ID: storage.Hash(t.Value), AccessTokenID: t.ID, Kind: t.Kind, ClientID: t.Client.ID, UserID: t.UserID,
		GrantID: s.store.NewID(), Scope: t.Scope, CreatedAt: now, ExpiresAt: t.ExpiresAt,
		Session: &storage.Session{
			UserID: t.UserID, Subject: t.UserID, GrantType: t.GrantType, RedirectURI: t.RedirectURI,
			ScopeRequest: t.ScopeRequest, Factor: t.Factor, FactorType: t.FactorType, FactorBefore: t.FactorBefore,
			AuthTime: t.AuthTime, AMR: t.AMR, ACR: t.ACR, PasswordSetAt: t.PasswordSetAt,
		},
	})
	queueEvent(ctx, u, storage.Event{
		Kind: storage.EventSessionTokenIssued, ClientID: t.Client.ID, UserID: t.UserID,
		Details: map[string]string{"kind": t.Kind, "grant_type": t.GrantType},
	})
	if len(beyond) > 0 {
		queueEvent(ctx, u, storage.Event{
			Kind: storage.EventLoginScopeBeyondRoles, ClientID: t.Client.ID, UserID: t.UserID,
			Details: map[string]string{"kind": t.Kind, "scope": strings.Join(beyond, " ")},
		})
	}
	if err := u.Flush(ctx); errors.Is(err, storage.ErrNotFound) {
		return nil, ErrSignInOver
	} else if err != nil {
		return nil, err
	}
	return &t, nil
}

// Find finds an opaque access token of any kind by its value, one that is over too: the caller says so in its
// own order. ErrTokenUnknown: there is none, or it is bound to a key, which nobody proves to hold here.
func (s *SessionTokens) Find(ctx context.Context, value string) (*storage.AccessToken, error) {
	if value == "" || len(value) > maximumToken || strings.Count(value, ".") == 2 {
		return nil, ErrTokenUnknown
	}
	t, err := s.store.FindAccessToken(ctx, storage.Hash(value))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, ErrTokenUnknown
	}
	if err != nil {
		return nil, err
	}
	if t.Session.Confirmation != nil {
		return nil, fmt.Errorf("%w: it is bound to a key", ErrTokenUnknown)
	}
	if t.GrantRevoked {
		t.ExpiresAt = time.Time{} // revoking is expiring
	}
	if t.Kind == storage.KindChangePasswordToken { // one may be imported, or from before its life was short
		t.ExpiresAt = earlier(t.ExpiresAt, t.CreatedAt.Add(s.changePasswordLifetime))
	}
	return t, nil
}
