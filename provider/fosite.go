package provider

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// configuration answers fosite's questions; those that differ from client to client by the client's policy. The fields
// of fosite.Config behind it are all set at the start: its getters would otherwise assign them on first use, a data
// race.
type configuration struct {
	*fosite.Config
	tokenHandlers map[string]fosite.TokenEndpointHandlers // by grant_type
}

// GetTokenEndpointHandlers returns the handlers of the request's grant type. fosite asks each handler in turn, and one
// that is not meant answers with an error that holds a stack trace; they took a tenth of the client credentials grant.
func (c *configuration) GetTokenEndpointHandlers(ctx context.Context) fosite.TokenEndpointHandlers {
	return c.tokenHandlers[issuanceFrom(ctx).grantType]
}

// GetEnforcePKCE is the client's policy.
func (c *configuration) GetEnforcePKCE(ctx context.Context) bool {
	client := issuanceFrom(ctx).client
	return client != nil && client.Policy.RequirePKCE
}

// GetRefreshTokenScopes is what must be granted for a refresh token to be issued.
func (c *configuration) GetRefreshTokenScopes(ctx context.Context) []string {
	client := issuanceFrom(ctx).client
	if client != nil && client.Policy.RefreshIssued == storage.RefreshIssuedAlways {
		return []string{}
	}
	return []string{"offline_access"}
}

// narrowing is the configuration of the refresh grant: what a client or user has lost since narrows the answer, after
// fosite's handler, which would refuse it.
type narrowing struct{ *configuration }

// GetScopeStrategy accepts what was granted once.
func (narrowing) GetScopeStrategy(context.Context) fosite.ScopeStrategy {
	return func([]string, string) bool { return true }
}

// GetAudienceStrategy accepts what was granted once.
func (narrowing) GetAudienceStrategy(context.Context) fosite.AudienceMatchingStrategy {
	return func([]string, []string) error { return nil }
}

// GetRefreshTokenScopes asks nothing: that a refresh token was issued is settled.
func (narrowing) GetRefreshTokenScopes(context.Context) []string { return []string{} }

// composition wires fosite: its flows, our strategies, our storage, our policies. fosite's own factories insist on
// their Config type, so the handlers are made here.
func (p *Provider) composition() *fosite.Fosite {
	store := fositeStorage{p.store}
	config := &configuration{Config: &fosite.Config{
		IDTokenLifespan:                idTokenLifetime,
		IDTokenIssuer:                  p.issuer,
		AccessTokenIssuer:              p.issuer,
		EnforcePKCEForPublicClients:    true,
		MinParameterEntropy:            1, // our authorize step asks for state where the client's policy does
		OmitRedirectScopeParam:         true,
		RefreshTokenScopes:             []string{"offline_access"},
		ScopeStrategy:                  fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:       fosite.ExactAudienceMatchingStrategy,
		ClientSecretsHasher:            refusingHasher{},
		ClientAuthenticationStrategy:   authenticated,
		RedirectSecureChecker:          func(context.Context, *url.URL) bool { return true }, // redirect.Resolve compared it
		SanitationWhiteList:            []string{"redirect_uri"},
		AllowedPromptValues:            []string{"none", "login", "consent", "select_account"},
		AccessTokenLifespan:            time.Hour,      // what a token says is its client's policy
		RefreshTokenLifespan:           24 * time.Hour, // likewise
		AuthorizeCodeLifespan:          time.Minute,    // likewise
		GlobalSecret:                   make([]byte, 32),
		SendDebugMessagesToClients:     false,
		UseLegacyErrorFormat:           false,
		EnablePKCEPlainChallengeMethod: false,
	}}
	explicit := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: p.accessTokens, RefreshTokenStrategy: p.refreshTokens, AuthorizeCodeStrategy: p.codes,
		CoreStorage: store, TokenRevocationStorage: store, Config: config,
	}
	idTokens := &openid.IDTokenHandleHelper{IDTokenStrategy: p.idTokens}
	openID := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage:   store,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, config),
		Config:                        config, IDTokenHandleHelper: idTokens,
	}
	implicit := &oauth2.AuthorizeImplicitGrantTypeHandler{
		AccessTokenStrategy: p.accessTokens, AccessTokenStorage: store, Config: config,
	}
	openIDImplicit := &openid.OpenIDConnectImplicitHandler{
		AuthorizeImplicitGrantTypeHandler: implicit, IDTokenHandleHelper: idTokens,
		OpenIDConnectRequestValidator: openID.OpenIDConnectRequestValidator, Config: config,
	}
	hybrid := &openid.OpenIDConnectHybridHandler{
		AuthorizeImplicitGrantTypeHandler: implicit, AuthorizeExplicitGrantHandler: explicit, IDTokenHandleHelper: idTokens,
		OpenIDConnectRequestValidator: openID.OpenIDConnectRequestValidator, OpenIDConnectRequestStorage: store,
		Config: config,
	}
	proofKey := &pkce.Handler{AuthorizeCodeStrategy: p.codes, Storage: store, Config: config}
	refresh := &refreshHandler{provider: p, RefreshTokenGrantHandler: &oauth2.RefreshTokenGrantHandler{
		AccessTokenStrategy: p.accessTokens, RefreshTokenStrategy: p.refreshTokens,
		TokenRevocationStorage: store, Config: narrowing{config},
	}}
	credentials := &oauth2.ClientCredentialsGrantHandler{
		HandleHelper: &oauth2.HandleHelper{
			AccessTokenStrategy: p.accessTokens, AccessTokenStorage: store, Config: config,
		},
		Config: config,
	}
	// What makes a code comes before PKCE and OpenID, which look at the code. The response type token alone has no
	// handler: it is no part of OpenID Connect.
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{explicit, hybrid, proofKey, openID, openIDImplicit}
	config.tokenHandlers = map[string]fosite.TokenEndpointHandlers{
		"authorization_code": {explicit, proofKey, &codeHandler{}, openID},
		"refresh_token":      {refresh, &openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: idTokens, Config: config}},
		"client_credentials": {credentials},

		oauth.GrantTypeDeviceCode: {&deviceHandler{provider: p, config: config}},
	}
	return fosite.NewOAuth2Provider(store, config)
}

// authenticated is fosite's question who the client is; Exchange has settled that before.
func authenticated(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	if client := issuanceFrom(ctx).client; client != nil {
		return fositeClient{client}, nil
	}
	return nil, fosite.ErrInvalidClient
}

// refusingHasher stands where fosite would compare a client secret by itself.
type refusingHasher struct{}

func (refusingHasher) Compare(context.Context, []byte, []byte) error { return fosite.ErrInvalidClient }
func (refusingHasher) Hash(context.Context, []byte) ([]byte, error) {
	return nil, fosite.ErrServerError
}
