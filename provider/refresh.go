package provider

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// refreshHandler is fosite's refresh grant with our policies around it: who may refresh, what scope is left, and
// whether the token rotates.
type refreshHandler struct {
	*oauth2.RefreshTokenGrantHandler
	provider *Provider
}

// HandleTokenEndpointRequest runs fosite's checks, then ours.
func (h *refreshHandler) HandleTokenEndpointRequest(ctx context.Context, r fosite.AccessRequester) error {
	if err := h.RefreshTokenGrantHandler.HandleTokenEndpointRequest(ctx, r); err != nil {
		return err
	}
	i := issuanceFrom(ctx)
	if err := i.policyError(); err != nil {
		return err
	}
	scope, err := h.scope(ctx, i, r.GetRequestForm().Get("scope"))
	if err != nil {
		return err
	}
	request := r.(*fosite.AccessRequest)
	request.GrantedScope = scope
	return nil
}

// mostRepeats is in how many generations one after the other a refresh token may be repeated after its grace. A client
// loses an answer now and then; a family in which it happens each time has two holders, who take turns.
const mostRepeats = 5

// judgeRefreshToken says what a refresh token is worth under its client's policy: docs/refresh-tokens.md has the rule.
// Errors: storage.ErrReuse where nobody should have it any more, so that the family is to be revoked;
// storage.ErrNotFound.
func judgeRefreshToken(token *storage.PresentedRefreshToken, policy storage.Policy) error {
	if policy.Refresh == storage.RefreshRotate {
		return token.Judge(storage.RotationRule{
			Grace: policy.RefreshGrace, Retry: policy.RefreshRetry, MostRepeats: mostRepeats,
		})
	}
	if !token.Grant.RevokedAt.IsZero() || !token.IsCurrent() { // rotated away before the client's policy changed
		return storage.ErrNotFound
	}
	return nil
}

// scope is what the new access token may do: by policy what was granted, what is approved by now, or what of that the
// client and the user still have. A request may ask for less, and leaves the grant as it is (RFC 6749 6).
func (h *refreshHandler) scope(ctx context.Context, i *issuance, requested string) ([]string, error) {
	ceiling, err := findScopes(ctx, h.provider.store, i.client, i.grant().RoleIDs)
	if err != nil {
		return nil, err
	}
	scope := storage.SplitScope(i.grant().Scope)
	if i.client.Policy.RefreshScope != storage.RefreshScopeGranted {
		scope = storage.SplitScope(i.grant().ApprovalScope)
	}
	kept := ceiling.narrow(scope)
	if i.client.Policy.RefreshScope == storage.RefreshScopeApproval {
		if len(kept) < len(scope) {
			h.provider.logger.LogAttrs(ctx, slog.LevelInfo, "refresh_scope=current would narrow this refresh",
				slog.String("client_id", i.client.ID), slog.Int("scopes", len(scope)), slog.Int("kept", len(kept)))
		}
		kept = scope
	}
	kept = ceiling.strongEnough(kept, i.grant().Session.ACR)
	if requested == "" {
		return kept, nil
	}
	asked := storage.SplitScope(requested)
	if !oauth.ContainsAll(scope, asked) {
		return nil, oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidScope, "The scope goes beyond what was granted.")
	}
	return intersection(asked, kept), nil
}

func intersection(asked, kept []string) []string {
	var both []string
	for _, name := range asked {
		if oauth.ContainsAll(kept, []string{name}) {
			both = append(both, name)
		}
	}
	return both
}

// PopulateTokenEndpointResponse rotates by fosite, or answers with the same refresh token again.
func (h *refreshHandler) PopulateTokenEndpointResponse(
	ctx context.Context,
	r fosite.AccessRequester,
	w fosite.AccessResponder,
) error {
	if !h.CanHandleTokenEndpointRequest(ctx, r) {
		return fosite.ErrUnknownRequest
	}
	i := issuanceFrom(ctx)
	if i.client.Policy.Refresh == storage.RefreshRotate {
		return h.RefreshTokenGrantHandler.PopulateTokenEndpointResponse(ctx, r, w)
	}
	token, signature, err := h.AccessTokenStrategy.GenerateAccessToken(ctx, r)
	if err != nil {
		return err
	}
	if err := h.TokenRevocationStorage.CreateAccessTokenSession(ctx, signature, r); err != nil {
		return err
	}
	i.issued.refreshToken = r.GetRequestForm().Get("refresh_token")
	i.issued.refreshTokenID, i.issued.refreshExpiresAt = i.grant().RefreshTokenID, i.grant().RefreshExpiresAt
	w.SetAccessToken(token)
	w.SetTokenType("bearer")
	w.SetScopes(r.GetGrantedScopes())
	w.SetExtra("refresh_token", i.issued.refreshToken)
	return nil
}
