package provider_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage/storagetest"
)

// TestResourceServersFollowAKeyRotation verifies tokens as a resource server does, from the published keys alone,
// before, during and after a rotation that another replica makes.
func TestResourceServersFollowAKeyRotation(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		ctx := context.Background()
		verify := func(token, algorithm string) string {
			// A fresh key set each time: whatever is published now must do.
			verifier := oidc.NewVerifier(s.server.URL, oidc.NewRemoteKeySet(ctx, s.server.URL+oauth.PathJWKS), &oidc.Config{
				SkipClientIDCheck: true, SupportedSigningAlgs: []string{algorithm}, Now: s.clock.Now,
			})
			verified, err := verifier.Verify(ctx, token)
			require.NoError(t, err)
			return verified.Subject
		}
		b := s.browser()
		before := s.redeem("clinic", b.code(request("clinic", "openid")))
		require.Equal(t, s.userID, verify(before.member("access_token"), "ES256"))
		require.Equal(t, s.userID, verify(before.member("id_token"), "RS256"))

		replica := jwks.New(provider.KeyStore{Store: s.store}, jwks.Options{Now: s.clock.Now})
		require.NoError(t, replica.Load(ctx))
		for _, algorithm := range []string{"RS256", "ES256"} {
			require.NoError(t, replica.Rotate(ctx, algorithm))
		}
		require.NoError(t, s.keys.Load(ctx))
		pending := s.redeem("clinic", b.code(request("clinic", "openid")))
		require.Equal(t, kid(t, before.member("access_token")), kid(t, pending.member("access_token")),
			"a new key is published before it signs")

		s.clock.Advance(11 * time.Minute)
		after := s.redeem("clinic", b.code(request("clinic", "openid")))
		require.NotEqual(t, kid(t, before.member("access_token")), kid(t, after.member("access_token")))
		require.NotEqual(t, kid(t, before.member("id_token")), kid(t, after.member("id_token")))
		require.Equal(t, s.userID, verify(after.member("access_token"), "ES256"))
		require.Equal(t, s.userID, verify(before.member("access_token"), "ES256"), "a retired key still verifies")
		require.Equal(t, http.StatusOK, s.userinfo(before.member("access_token")).status)
	})
}

func kid(t *testing.T, token string) string {
	header, _ := decodeHeader(t, token)["kid"].(string)
	require.NotEmpty(t, header)
	return header
}
