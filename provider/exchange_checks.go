package provider

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// The causes for which an exchange is refused; ErrTokenUnknown, ErrTokenExpired, ErrUserBlocked, storage.ErrUsed and
// oauth.ErrClientBlocked are among them too. An adapter distinguishes them with errors.Is.
var (
	ErrClientNotAuthenticated = errors.New("provider: the client did not prove who it is")
	ErrScopeMissing           = errors.New("provider: the connection requires a scope, and the request names none")
	ErrForeignToken           = errors.New("provider: the code or refresh token was issued to another client")
	ErrForeignConnection      = errors.New("provider: the refresh token was issued to another connection of the client")
	ErrRedirectURI            = errors.New("provider: the redirect URI is not the code's, or not the connection's")
	ErrNotApproved            = errors.New("provider: the user has withdrawn the approval of the client")
	ErrVerifierMissing        = errors.New("provider: the code needs a code_verifier, and the request has none")
	ErrGrantTypeNotAllowed    = errors.New("provider: the client is not registered for the grant type")
)

// refusal is the private cause of an exchange that was refused. The log reads the cause at which the exchange ended;
// errors.Is finds every check that the request fails, since each interface has its own order of them.
type refusal struct {
	ended  error
	failed []error
}

// Error is for the log.
func (r refusal) Error() string { return r.ended.Error() }

// Unwrap lets errors.Is find each cause.
func (r refusal) Unwrap() []error { return append([]error{r.ended}, r.failed...) }

// rejected adds to the error of an exchange every check that its request fails.
func (i *issuance) rejected(e *oauth.Error) *oauth.Error {
	if len(i.failed) == 0 {
		return e
	}
	ended := e.Cause
	if ended == nil {
		ended = i.failed[0]
	}
	return e.Because(refusal{ended, i.failed})
}

// lookUp reads the code or the refresh token that a request presents, once, and runs the checks of the exchange. It
// refuses nothing: where fosite refuses the request too, the standard interface words what fosite found. Errors: faults
// of the database.
func (p *Provider) lookUp(ctx context.Context, i *issuance, form url.Values) error {
	grantType := form.Get("grant_type")
	switch grantType {
	case "authorization_code":
		code, err := p.store.FindCode(ctx, storage.Hash(form.Get("code")))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if i.code = nil; err == nil && code.Session.GrantType != oauth.GrantTypeDeviceCode {
			i.code, i.user = code, code.UserClaims
		}
		i.failed = i.checkCode(form, p.store.Now())
	case "refresh_token":
		token, err := p.refreshTokens.find(ctx, i.batch, form.Get("refresh_token"))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		if err == nil {
			i.refreshToken, i.user = token, token.Grant.UserClaims
			if token.Grant.ClientID == i.client.ID {
				i.rotation = judgeRefreshToken(token, i.client.Policy)
			}
		}
		i.failed = i.checkGrant(p.store.Now())
	case oauth.GrantTypeDeviceCode:
		if err := p.devices.polls.lookUp(ctx, i, form.Get("device_code")); err != nil {
			return err
		}
	}
	if i.client.IsBlocked {
		i.failed = append(i.failed, oauth.ErrClientBlocked)
	}
	if !i.client.MayUseGrant(grantType) {
		i.failed = append(i.failed, ErrGrantTypeNotAllowed)
	}
	return nil
}

// fails says whether the request fails a check.
func (i *issuance) fails(check error) bool { return slices.Contains(i.failed, check) }

// checkCode returns the checks of a code that the request fails. The code_verifier is fosite's to compare; that there
// is none is known here.
func (i *issuance) checkCode(form url.Values, now time.Time) []error {
	code := i.code
	if code == nil {
		return []error{ErrTokenUnknown}
	}
	return failing([]check{
		{ErrForeignToken, code.ClientID != i.client.ID},
		{ErrTokenExpired, !code.ExpiresAt.After(now)},
		{ErrRedirectURI, !redeemable(i.client, code, form.Get("redirect_uri"))},
		{ErrNotApproved, code.ApprovalID == ""},
		{storage.ErrUsed, !code.UsedAt.IsZero()},
		{ErrVerifierMissing, form.Get("code_verifier") == "" &&
			(code.Session.CodeChallenge != "" || i.client.Policy.RequirePKCE)},
		{ErrNotHeld, !i.provesKey(code.Session.DPoPKey)},
		{ErrUserBlocked, code.UserBlocked},
	})
}

// checkGrant returns the checks of a refresh token that the request fails. One that was revoked, or rotated away, has
// expired.
func (i *issuance) checkGrant(now time.Time) []error {
	if i.refreshToken == nil {
		return []error{ErrTokenUnknown}
	}
	grant := i.refreshToken.Grant
	return failing([]check{
		{ErrForeignToken, grant.ClientID != i.client.ID},
		{ErrForeignConnection, !boundTo(i.client, grant)},
		{ErrTokenExpired, i.rotation != nil || grant.RefreshTokenID == "" || !grant.RefreshExpiresAt.After(now)},
		{ErrNotApproved, grant.ApprovalID == ""},
		{ErrNotHeld, !i.proves(grant.Session.Confirmation)},
		{ErrUserBlocked, grant.UserBlocked},
	})
}

// check is a check of the exchange, by its cause, and whether the request fails it.
type check struct {
	cause error
	fails bool
}

func failing(checks []check) []error {
	var causes []error
	for _, c := range checks {
		if c.fails {
			causes = append(causes, c.cause)
		}
	}
	return causes
}

// policyErrors are the checks that fosite does not make, in their order, with what the standard interface says of each.
var policyErrors = []struct {
	cause       error
	description string
}{
	{ErrRedirectURI,
		"The redirect_uri is not the one of the authorization request, or not one of this client's connection."},
	{ErrForeignConnection, "The refresh token was issued to another connection of this client."},
	{ErrNotApproved, "The user has withdrawn the approval of this client."},
	{ErrNotHeld, "The code or refresh token is bound to a key or a certificate that the request does not prove to hold."},
	{oauth.ErrClientBlocked, "The client is blocked."},
	{ErrUserBlocked, "The user is blocked."},
}

// policyError is the error of the first check of policyErrors that the request fails, nil where it fails none.
func (i *issuance) policyError() error {
	for _, known := range policyErrors {
		if i.fails(known.cause) {
			return oauth.InvalidGrant(known.description)
		}
	}
	return nil
}

// redeemable compares the redirect URI of an exchange with the code's and with those of the connection that
// authenticated, each by the connection's rule: by the prefix rule it may be longer than at the authorization, never
// shorter. So a code that went to one MIS can't be redeemed with the secret of another.
func redeemable(client *storage.Client, code *storage.Code, redirectURI string) bool {
	connection := client.Connection
	if connection == nil {
		return false
	}
	if redirectURI == "" {
		if code.Session.RedirectURIGiven {
			return false
		}
		redirectURI = code.RedirectURI
	}
	return redirect.MatchesCode(connection, code.RedirectURI, redirectURI) &&
		redirect.MatchesConnection(connection, redirectURI)
}

// boundTo says whether the connection that authenticated may use the grant's refresh token. Where it is another than
// the one that the token was issued to, both must be bound to the client only: neither opens the other's tokens by
// itself.
func boundTo(client *storage.Client, grant *storage.Grant) bool {
	presenting := client.Connection
	if presenting == nil {
		return false
	}
	if grant.ConnectionID == "" || grant.ConnectionID == presenting.ID {
		return true
	}
	issuing := client.ConnectionByID(grant.ConnectionID)
	return presenting.RefreshBoundTo == storage.RefreshBoundToClient &&
		(issuing == nil || issuing.RefreshBoundTo == storage.RefreshBoundToClient)
}
