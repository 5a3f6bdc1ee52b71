package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/adapters/gateway"
	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func withGatekeeper(_ *stack, p *provider.Provider) provider.Mount {
	k := &gateway.Gatekeeper{Provider: p, ClientID: misID, ClientSecret: misKey, Scope: "legal_entity:read",
		RedirectURL: "/app"}
	return k.Mount
}

// cookies are what an answer sets, by name.
func (a reply) cookies() map[string]*http.Cookie {
	found := map[string]*http.Cookie{}
	response := http.Response{Header: a.header}
	for _, c := range response.Cookies() {
		found[c.Name] = c
	}
	return found
}

// code is what the authorization endpoint would send the browser back with, for the challenge of a request.
func (s *stack) code(challenge string) string {
	require.NoError(s.t, s.store.Approve(s.t.Context(), storage.Approval{
		ID: uuid.NewString(), UserID: doctorID, ClientID: misID, Scope: []string{"legal_entity:read"},
	}))
	value := uuid.NewString()
	require.NoError(s.t, s.store.CreateCode(s.t.Context(), storage.Code{
		ID: storage.Hash(value), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: misID, UserID: doctorID,
		RedirectURI: s.issuer + gateway.PathRedirect, Scope: "legal_entity:read", ExpiresAt: time.Unix(now+60, 0),
		Session: &storage.Session{UserID: doctorID, Subject: doctorID, RedirectURIGiven: true, CodeChallenge: challenge},
	}))
	return value
}

func TestAFrontEndSignsInAndOutThroughTheGatekeeper(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, withGatekeeper)
		began := s.send("GET", s.issuer+gateway.PathLogin)
		require.Equal(t, http.StatusFound, began.status)
		location, err := url.Parse(began.header.Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "/oauth2/authorize", location.Path)
		query := location.Query()
		require.Equal(t, "S256", query.Get("code_challenge_method"))
		state := began.cookies()["ithildin-gatekeeper"]
		require.True(t, state.HttpOnly)
		require.Equal(t, http.SameSiteLaxMode, state.SameSite)
		cookie := "ithildin-gatekeeper=" + state.Value

		code := s.code(query.Get("code_challenge"))
		back := func(pairs ...string) reply {
			return s.send("GET", s.issuer+gateway.PathRedirect+"?code="+code+"&state="+query.Get("state"), pairs...)
		}
		require.Equal(t, http.StatusBadRequest, back().status, "another browser")
		require.Equal(t, http.StatusBadRequest, back("Cookie", "ithildin-gatekeeper=x"+state.Value).status)
		other := s.send("GET", s.issuer+gateway.PathLogin).cookies()["ithildin-gatekeeper"].Value
		_, verifier, _ := strings.Cut(other, ".")
		require.Equal(t, http.StatusBadRequest, back("Cookie", "ithildin-gatekeeper="+query.Get("state")+"."+verifier).status,
			"the code was made for another challenge")
		signedIn := back("Cookie", cookie)
		require.Equal(t, http.StatusFound, signedIn.status, signedIn.body)
		require.Equal(t, "/app", signedIn.header.Get("Location"))
		token := signedIn.cookies()["authorization"]
		require.True(t, token.HttpOnly)
		require.Equal(t, 2592000, token.MaxAge)
		about, err := url.QueryUnescape(signedIn.cookies()["meta"].Value)
		require.NoError(t, err)
		require.JSONEq(t, `{"scope":"legal_entity:read","userId":"`+doctorID+`"}`, about)
		require.Equal(t, http.StatusUnauthorized, s.ask("GET", "/api/entities").status)
		held := []string{"Cookie", "authorization=" + token.Value}
		require.Equal(t, http.StatusOK, s.ask("GET", "/api/entities", held...).status)

		require.Equal(t, http.StatusForbidden,
			s.send("GET", s.issuer+gateway.PathLogout, append(held, "Sec-Fetch-Site", "cross-site")...).status)
		out := s.send("GET", s.issuer+gateway.PathLogout, held...)
		require.Equal(t, http.StatusFound, out.status)
		require.Negative(t, out.cookies()["authorization"].MaxAge)
		require.Equal(t, http.StatusUnauthorized, s.ask("GET", "/api/entities", held...).status,
			"the token is over, wherever it went")
		require.Equal(t, http.StatusFound, s.send("GET", s.issuer+gateway.PathLogout).status)
	})
}

func TestPublicListenerIgnoresConsumerHeaders(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		seen := http.Header{}
		s := newStack(t, engine, func(*stack, *provider.Provider) provider.Mount {
			return func(r chi.Router) {
				r.HandleFunc("/probe", func(_ http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() })
			}
		})
		s.send("GET", s.issuer+"/probe", "x-consumer-id", doctorID, "X-CONSUMER-METADATA", "{}", "x-person-id", "1",
			"api-key", "kept")
		require.Equal(t, "kept", seen.Get("Api-Key"))
		for _, name := range []string{"X-Consumer-Id", "X-Consumer-Metadata", "X-Person-Id"} {
			require.Empty(t, seen.Values(name), name)
		}
	})
}
