package ehealth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// explain names the error of the contract for an exchange that failed. The exchange knows that it refused, and why in
// the words of OAuth; which of the contract's checks fails first is found by walking through them, read-only, in their
// order. A walk that finds nothing is our fault, and no guess is made.
func (a *Adapter) explain(ctx context.Context, form url.Values, cause error) contractError {
	known := oauth.AsError(cause)
	if known.Status == http.StatusTooManyRequests {
		return limited(known)
	}
	if known.Status < http.StatusInternalServerError {
		found, err := a.diagnose(ctx, form)
		if err == nil && found != nil {
			return found.because(known)
		}
		if err == nil {
			return failureInternal.because(fmt.Errorf("an exchange failed and no check of the contract says why: %w", known))
		}
		known = oauth.AsError(err)
	}
	if known.Status == http.StatusServiceUnavailable {
		return failureUnavailable.because(known)
	}
	return failureInternal.because(known)
}

// diagnose walks the checks of contract 2.1 in their order and returns the first that fails, or nil.
func (a *Adapter) diagnose(ctx context.Context, form url.Values) (*contractError, error) {
	client, err := a.provider.Clients().AuthenticateSecret(ctx, form.Get("client_id"), form.Get("client_secret"))
	if err != nil {
		if known := oauth.AsError(err); known.Status >= http.StatusInternalServerError {
			return nil, err
		}
		return &failureClient, nil
	}
	if form.Get("grant_type") == "refresh_token" {
		return a.diagnoseRefresh(ctx, client, form.Get("refresh_token"))
	}
	return a.diagnoseCode(ctx, client, form)
}

// diagnoseCode is contract 2.1.1, checks 4 to 10, and then what mithril did not check: blocks come last, so that they
// answer only what would have been a success.
func (a *Adapter) diagnoseCode(ctx context.Context, client *storage.Client, form url.Values) (*contractError, error) {
	code, err := a.provider.Store().FindCode(ctx, storage.Hash(form.Get("code")))
	if errors.Is(err, storage.ErrNotFound) {
		return &failureTokenNotFound, nil
	}
	if err != nil {
		return nil, err
	}
	redirectURI := form.Get("redirect_uri")
	switch {
	case code.ClientID != client.ID:
		return &failureTokenForeign, nil
	case code.ExpiresAt <= a.provider.Store().Now():
		return &failureTokenExpired, nil
	case !redirect.MatchesCode(client.Connection, code.RedirectURI, redirectURI),
		!redirect.MatchesConnection(client.Connection, redirectURI):
		return &failureRedirectURI, nil
	case code.ApprovalID == "":
		return &failureApproval, nil
	case code.UsedAt > 0:
		return &failureTokenUsed, nil
	case code.Session.CodeChallenge != "", client.Policy.RequirePKCE: // this face has no verifier to send
		return &failureTokenForeign, nil
	}
	return blocked(client, code.UserBlocked, "authorization_code"), nil
}

// diagnoseRefresh is contract 2.1.2. A revoked grant is an expired token here: revoking was expiring. A token that was
// exchanged and may be repeated (docs/refresh-tokens.md) is not expired.
func (a *Adapter) diagnoseRefresh(ctx context.Context, client *storage.Client, value string) (*contractError, error) {
	grant, err := a.provider.Tokens().FindRefreshGrant(ctx, value)
	if errors.Is(err, provider.ErrInactive) {
		return &failureTokenNotFound, nil
	}
	if err != nil {
		return nil, err
	}
	switch {
	case grant.ClientID != client.ID, !provider.BoundTo(client, grant.Grant):
		return &failureTokenForeign, nil
	case grant.RevokedAt > 0, !grant.IsExchangeable, grant.RefreshTokenID == "",
		grant.RefreshExpiresAt <= a.provider.Store().Now():
		return &failureTokenExpired, nil
	case grant.ApprovalID == "":
		return &failureApproval, nil
	}
	return blocked(client, grant.UserBlocked, "refresh_token"), nil
}

func blocked(client *storage.Client, userBlocked bool, grantType string) *contractError {
	switch {
	case client.IsBlocked:
		return &failureClientBlocked
	case userBlocked:
		return &failureUserBlocked
	case !slices.Contains(client.Metadata.GrantTypes, grantType):
		return &failureGrantType
	}
	return nil
}
