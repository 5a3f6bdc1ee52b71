package provider_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// An authorization request, which anybody writes, names a grant type: the token that goes through the browser would
// then pass for one of a sign-in, and such a one may replace the second factor of its user.
func TestAttackGrantTypeInAnAuthorizationRequest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		s.client("clinic", func(c *storage.Client) { hybrid(c); storagetest.Opaque(c) })
		b := s.browser()
		for _, responseType := range []string{"id_token token", "code token", "code id_token token"} {
			for _, grantType := range []string{"", "password", "change_password", "digital_signature", "authorization_code"} {
				parameters := requestOf(responseType, "clinic", "openid")
				if grantType != "" {
					parameters.Set("grant_type", grantType)
				}
				front := b.approved(parameters).Get("access_token")
				found, err := s.store.FindAccessToken(t.Context(), storage.Hash(front))
				require.NoError(t, err)
				require.Equal(t, storage.GrantTypeImplicit, found.Session.GrantType, "%s with %q", responseType, grantType)
			}
		}
		exchanged := s.redeem("clinic", b.code(request("clinic", "openid"))).member("access_token")
		found, err := s.store.FindAccessToken(t.Context(), storage.Hash(exchanged))
		require.NoError(t, err)
		require.Equal(t, "authorization_code", found.Session.GrantType)
	})
}

// A client that was approved for nothing but openid guesses values of claims, without a page that anybody would see:
// its answer must be the same for a right guess, a wrong one, and a claim that the user does not have.
func TestAttackGuessingClaimsWithoutConsent(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("clinic", nil)
		b := s.browser()
		b.code(request("clinic", "openid"))
		for _, member := range []string{"userinfo", "id_token"} {
			for name, claim := range map[string]string{
				"right":             `"phone_number": {"value": "+380501234567"}`,
				"wrong":             `"phone_number": {"value": "+380501234568"}`,
				"one of two":        `"phone_number": {"values": ["+380501234567", "+380501234568"]}`,
				"none of two":       `"phone_number": {"values": ["+380501234568", "+380501234569"]}`,
				"of another type":   `"phone_number": {"value": true}`,
				"any":               `"phone_number": null`,
				"essential":         `"phone_number": {"essential": true, "value": "+380501234568"}`,
				"none that is had":  `"birthdate": null`,
				"guess of that":     `"birthdate": {"value": "1970-01-01"}`,
				"right of a column": `"email": {"value": "doctor@example.com"}`,
				"wrong of a column": `"email": {"value": "nurse@example.com"}`,
			} {
				asked := withClaims(request("clinic", "openid"), `{"`+member+`": {`+claim+`}}`)
				asked.Set("prompt", "none")
				answered := b.authorize(asked).parameters()
				require.Equal(t, "consent_required", answered.Get("error"), "%s: %s", member, name)
				require.Contains(t, answered.Get("error_description"), "has not consented to this yet.", "%s: %s", member, name)
			}
		}
		guess := `{"userinfo": {"phone_number": {"value": "+380501234568"}}}`
		page := b.authorize(withClaims(request("clinic", "openid"), guess))
		require.Contains(t, page.body, "Бачити ваш номер телефону", "a person is asked about the claim, whatever the guess")
		tokens := s.redeem("clinic", b.decide(page, "accept").parameters().Get("code"))
		require.NotContains(t, s.userinfo(tokens.member("access_token")).body, "phone_number",
			"and then it is told as it was asked")
	})
}

// A token of the front channel was stolen and its grant is ended; the thief, or who was led to it, then exchanges the
// code of the same answer, which would bring the grant to life again.
func TestAttackCodeRevivesARevokedGrant(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, everyResponseType)
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			id := "clinic-" + form
			s.client(id, func(c *storage.Client) { hybrid(c); c.Policy.AccessToken = form })
			answered := s.browser().approved(requestOf("code id_token token", id, "openid offline_access"))
			front := answered.Get("access_token")
			info, err := s.provider.Tokens().Inspect(t.Context(), front)
			require.NoError(t, err)
			_, err = s.store.RevokeGrant(t.Context(), info.GrantID)
			require.NoError(t, err)
			tokens := s.redeem(id, answered.Get("code"))
			require.Equal(t, http.StatusBadRequest, tokens.status, tokens.raw)
			require.Equal(t, "invalid_grant", tokens.member("error"))
			require.Equal(t, http.StatusUnauthorized, s.userinfo(front).status)
		}
	})
}

// A client keeps what it was told of by single claims, though an operator took the scope that opens them.
func TestAttackClaimsOfAScopeThatWasWithdrawn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			client := s.client("clinic", func(c *storage.Client) { c.Policy.AccessToken = form })
			tokens := s.redeem("clinic", s.browser().code(withClaims(request("clinic", "openid profile offline_access"),
				`{"userinfo": {"phone_number": null, "email": null}, "id_token": {"phone_number": null, "email": null}}`)))
			require.Contains(t, s.userinfo(tokens.member("access_token")).body, "phone_number")
			require.Contains(t, claimsOf(t, tokens.member("id_token")), "phone_number")

			client.Scope = []string{"openid", "email", "offline_access"}
			require.NoError(t, s.store.UpdateClient(t.Context(), *client))
			refreshed := s.refresh("clinic", tokens.member("refresh_token"))
			require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
			claims := claimsOf(t, refreshed.member("id_token"))
			require.NotContains(t, claims, "phone_number", form)
			require.Equal(t, "doctor@example.com", claims["email"], "what it still may have stays")
			require.NotContains(t, s.userinfo(tokens.member("access_token")).body, "phone_number", form)
			require.Equal(t, map[string]any{"sub": s.userID, "email": "doctor@example.com"},
				s.userinfo(refreshed.member("access_token")).body, form)
		}
	})
}

// Strangers name a registered request_uri with fragments that they make up, each of which seems to be another version
// of it: this server would ask the client's as often as they like.
func TestAttackMadeUpFragmentsOfARequestURI(t *testing.T) {
	w := newWebsite(t, []byte("no request object"))
	o := newRequestObjects(t, storagetest.Engines()[0], func(c *storage.Client) {
		c.Metadata.RequestURIs = []string{w.URL + "/object#registered", w.URL + "/other"}
	})
	o.reach(w, "127.0.0.0/8")
	flood := func(round int) {
		for i := range 50 {
			uri := fmt.Sprintf("%s/object#made-up-%d-%d", w.URL, round, i)
			p := o.browser().authorize(sending(request("clinic", "openid"), "request_uri", uri))
			require.Equal(t, "invalid_request_object", p.parameters().Get("error"))
		}
	}
	for round := range 3 {
		flood(round)
		require.EqualValues(t, round+1, w.asked.Load(), "once in ten seconds")
		o.clock.Advance(10*time.Second - time.Nanosecond)
		flood(round)
		require.EqualValues(t, round+1, w.asked.Load(), "ten seconds are not over")
		o.clock.Advance(time.Nanosecond)
	}
}
