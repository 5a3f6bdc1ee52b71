package ehealth_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func refresh(value string) map[string]any {
	return map[string]any{
		"grant_type": "refresh_token", "client_id": clientID, "client_secret": clientSecret, "refresh_token": value,
	}
}

// changed alters the client of the base state.
func (s *stack) changed(change func(c *storage.Client)) {
	client, err := s.store.LoadClient(context.Background(), clientID)
	require.NoError(s.t, err)
	change(client)
	require.NoError(s.t, s.store.UpdateClient(context.Background(), *client))
}

func (a reply) member(path string) string {
	value, _ := a.at(path)
	content, _ := value.(string)
	return content
}

func TestAClientWhoseTokensRotateIsGivenTheSuccessor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		s.changed(func(c *storage.Client) { c.Policy.Refresh = storage.RefreshRotate })
		first := s.exchange(refresh(refreshValue))
		require.Equal(t, http.StatusCreated, first.status, first.raw)
		successor := first.member("data.details.refresh_token")
		require.NotEqual(t, refreshValue, successor)
		again := s.exchange(refresh(refreshValue))
		require.Equal(t, successor, again.member("data.details.refresh_token"), "within the grace the same successor: %s",
			again.raw)
		require.Equal(t, http.StatusCreated, s.exchange(refresh(successor)).status)
	})
}

func TestReusedLegacyRefreshTokenOfARotatingClientRevokesTheFamily(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		s.changed(func(c *storage.Client) { c.Policy.Refresh, c.Policy.RefreshGrace = storage.RefreshRotate, 0 })
		successor := s.exchange(refresh(refreshValue)).member("data.details.refresh_token")
		for _, value := range []string{refreshValue, successor} {
			got := s.exchange(refresh(value))
			require.Equal(t, "Token expired.", got.member("error.message"), got.raw)
		}
	})
}

func TestLegacyTokenEndpointReturnsAJWTAsItsValue(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		s.changed(func(c *storage.Client) { c.Policy.AccessToken = storage.AccessTokenJWT })
		got := s.exchange(code())
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Regexp(t, `^[\w-]+\.[\w-]+\.[\w-]+$`, got.member("data.value"))
		require.Equal(t, "access_token", got.member("data.name"))
	})
}

func TestLegacyTokenDetailsHaveFiveMembersEvenWithoutARefreshToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		s.changed(func(c *storage.Client) { c.Policy.RefreshIssued = storage.RefreshIssuedWithOfflineAccess })
		got := s.exchange(code())
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		details, _ := got.at("data.details")
		require.Len(t, details, 5)
		require.Empty(t, got.member("data.details.refresh_token"))
	})
}

func TestRefusalsBeyondTheContractUseItsErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(c *storage.Client)
		token   map[string]any
		message string
	}{
		"a client that must use PKCE": {
			func(c *storage.Client) { c.Policy.RequirePKCE = true }, code(), "Token not found or expired.",
		},
		"a client whose access tokens must be bound to a key": {
			func(c *storage.Client) { c.Metadata.DPoPBoundAccessTokens = true }, code(), "Token not found or expired.",
		},
		"the same, by a refresh token": {
			func(c *storage.Client) { c.Metadata.DPoPBoundAccessTokens = true }, refresh(refreshValue),
			"Token not found or expired.",
		},
		"a client without the grant of codes": {
			func(c *storage.Client) { c.Metadata.GrantTypes = []string{"refresh_token"} }, code(), "Grant type not allowed.",
		},
		"a client without the grant of refresh tokens": {
			func(c *storage.Client) { c.Metadata.GrantTypes = []string{"authorization_code"} }, refresh(refreshValue),
			"Grant type not allowed.",
		},
		"a client that authenticates by key": {
			func(c *storage.Client) { c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodPrivateKeyJWT }, code(),
			"Invalid client id or secret.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
				s := filled(t, engine)
				s.changed(c.change)
				got := s.exchange(c.token)
				require.Equal(t, http.StatusUnauthorized, got.status, got.raw)
				require.Equal(t, c.message, got.member("error.message"))
			})
		})
	}
}

func TestLastOfARepeatedMemberCounts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		got := s.send(http.MethodPost, "/oauth/tokens", asJSON,
			`{"token":1,"token":{"grant_type":"password","grant_type":"refresh_token",`+
				`"client_id":"`+clientID+`","client_secret":"nope","client_secret":"`+clientSecret+
				`","refresh_token":"`+refreshValue+`"}}`)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
	})
}

func TestLegacyTokenEndpointAnswers503WhenTheDatabaseIsUnavailable(t *testing.T) {
	proxy := storagetest.NewProxy(t, storagetest.PostgreSQL().Create(t))
	given := readContract(t).state(t, nil)
	s := newStackOn(t, given.Now, func(o func(*storage.Options)) *storage.Store {
		return storagetest.Open(t, proxy.URL(),
			o)
	})
	s.fill(given)
	proxy.GoAway()
	for name, token := range map[string]map[string]any{"code": code(), "refresh": refresh(refreshValue)} {
		got := s.exchange(token)
		require.Equal(t, http.StatusServiceUnavailable, got.status, "%s: %s", name, got.raw)
		require.Equal(t, "internal_error", got.member("error.type"))
		require.NotEmpty(t, got.header.Get("Retry-After"))
	}
}

func TestRefusedEnvelopeNamesTheFirstCheckOfTheContractThatFails(t *testing.T) {
	elsewhere := func() map[string]any {
		token := code()
		token["redirect_uri"] = "https://elsewhere.example"
		return token
	}
	unknown := code()
	unknown["code"] = "unknown"
	for name, c := range map[string]struct {
		change  func(c *storage.Client)
		token   map[string]any
		message string
	}{
		"a used code and another redirect URI": {
			func(*storage.Client) {}, elsewhere(),
			"The redirection URI provided does not match a pre-registered value.",
		},
		"a used code of a client that must use PKCE": {
			func(c *storage.Client) { c.Policy.RequirePKCE = true }, code(), "Token has already been used.",
		},
		"a used code of a client without the grant of codes": {
			func(c *storage.Client) { c.Metadata.GrantTypes = []string{"refresh_token"} }, code(),
			"Token has already been used.",
		},
		"an unknown code of a client without the grant of codes": {
			func(c *storage.Client) { c.Metadata.GrantTypes = []string{"refresh_token"} }, unknown, "Token not found.",
		},
		"an unknown refresh token of a client without the grant of refresh tokens": {
			func(c *storage.Client) { c.Metadata.GrantTypes = []string{"authorization_code"} }, refresh("unknown"),
			"Token not found.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
				s := filled(t, engine)
				require.Equal(t, http.StatusCreated, s.exchange(code()).status)
				s.changed(c.change)
				got := s.exchange(c.token)
				require.Equal(t, http.StatusUnauthorized, got.status, got.raw)
				require.Equal(t, c.message, got.member("error.message"))
			})
		})
	}
}
