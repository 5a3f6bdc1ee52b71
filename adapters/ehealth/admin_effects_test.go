package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestUserBlockedByAnUpdateKeepsTokensThatDoNotVerifyMeanwhile(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		value := w.token(frontID, "app:authorize")
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
			"code": w.approve(hospitalID, "legal_entity:read").member("data.value"), "redirect_uri": redirectURI,
		})
		refresh := func() reply {
			return w.exchange(map[string]any{
				"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
				"refresh_token": set.member("data.details.refresh_token"),
			})
		}
		_, _, err := w.store.CountOneTimeCodeFailure(t.Context(), doctorID, 3, "")
		w.must(err)
		require.Equal(t, 200, w.updateUser(`"is_blocked":true,"block_reason":"left"`).status)
		w.rejected(w.verify(value), 401, "invalid_user", "Authentication failed.")
		w.rejected(refresh(), 401, "user_blocked", "User blocked.")
		w.rejected(w.login(byPassword()), 401, "user_blocked", "User blocked.")
		require.Equal(t, "left", w.updateUser(`"is_blocked":false`).member("data.block_reason"))
		require.Equal(t, 200, w.verify(value).status)
		require.Equal(t, 201, refresh().status)
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		require.EqualValues(t, 1, user.OneTimeCodeFailures, "failures stay counted")
	})
}

func TestLiftingABlockForgetsTheFailuresBefore(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for range 10 {
			require.Equal(t, 401, w.login(byPassword("password", "wrong")).status)
		}
		limited := w.login(byPassword())
		w.rejected(limited, 401, "access_denied", "You reached login attempts limit. Try again later")
		for _, action := range []string{"block", "unblock"} {
			require.Equal(t, 200, w.admin(http.MethodPatch, "users/"+doctorID+"/actions/"+action, "").status)
		}
		w.later.Add(1)
		require.Equal(t, 201, w.login(byPassword()).status)
		for range 10 {
			require.Equal(t, 401, w.login(byPassword("password", "wrong")).status)
		}
		w.rejected(w.login(byPassword()), 401, "access_denied", "You reached login attempts limit. Try again later")
	})
}

func TestSignInThatWaitsForAFactorGoesOnWhenAnAdministratorChangesIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		factor := doctorFactors + "/" + w.ids(w.admin(http.MethodGet, doctorFactors, ""))[0] + "/actions/"
		begun := w.login(byPassword())
		require.Equal(t, "REQUEST_OTP", begun.member("urgent.next_step"), begun.raw)
		token := begun.member("data.value")
		for _, action := range []string{"disable", "enable", "reset"} {
			require.Equal(t, 200, w.admin(http.MethodPatch, factor+action, "").status)
		}
		w.rejected(w.twoFactor(token, 123456), 409, "request_conflict", "Factor not set")
		next := w.action("init_factor", token, `{"type":"SMS","factor":"`+otherPhone+`"}`)
		require.Equal(t, "APPROVE_FACTOR", next.member("urgent.next_step"), next.raw)
	})
}

func TestTokenForABlockedUserIsIssuedAndDoesNotVerify(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.must(w.store.BlockUser(t.Context(), doctorID, ""))
		made := w.admin(http.MethodPost, "users/"+doctorID+"/tokens/access",
			body("token", map[string]any{"client_id": frontID, "scope": "app:authorize"}))
		require.Equal(t, 201, made.status, made.raw)
		w.rejected(w.verify(made.member("data.value")), 401, "invalid_user", "Authentication failed.")
		w.change(frontID, func(c *storage.Client) { c.Settings = []byte(`{"allowed_grant_types":["password"]}`) })
		require.Equal(t, 200, w.admin(http.MethodPut, "clients/"+frontID, `{"client":{"is_blocked":true}}`).status)
		w.rejected(w.admin(http.MethodPost, "users/"+doctorID+"/tokens/access",
			body("token", map[string]any{"client_id": frontID, "scope": "app:authorize"})), 401, "access_denied",
			"Client is blocked.")
	})
}

// The old system took every grant at /auth/login, and told no difference between a grant that it did not know and none.
func TestLoginTakesTheGrantsOfTheTokenEndpointToo(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		set := w.login(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
			"code": w.approve(hospitalID, "legal_entity:read").member("data.value"), "redirect_uri": redirectURI,
		})
		require.Equal(t, 201, set.status, set.raw)
		require.Equal(t, "legal_entity:read", set.member("data.details.scope"))
		refreshed := w.login(map[string]any{
			"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
			"refresh_token": set.member("data.details.refresh_token"),
		})
		require.Equal(t, 201, refreshed.status, refreshed.raw)
		require.Equal(t, 200, w.verify(refreshed.member("data.value"), "api-key", misKey).status)
		w.rejected(w.login(map[string]any{"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": "x",
			"refresh_token": "x"}), 401, "invalid_client", "Invalid client id or secret.")
		for _, grantType := range []any{"change_passwords", "client_credentials", nil, 7, ""} {
			w.rejected(w.login(map[string]any{"grant_type": grantType}), 422, "request_malformed",
				"Request must include grant_type.")
		}
	})
}

func TestCodeThatDoesNotGoOutEndsTheSessionBeforeAndCounts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		earlier := w.token(frontID, "app:authorize")
		w.factor(doctorPhone)
		w.components.smsAway = true
		for range 3 {
			w.rejected(w.login(byPassword()), 503, "internal_error", "SMS not sent. Try later")
		}
		w.components.smsAway = false
		require.Equal(t, 401, w.verify(earlier).status)
		w.rejected(w.login(byPassword()), 429, "otp_timeout", "Sending OTP timeout. Try later.")
		w.later.Store(61)
		begun := w.login(byPassword())
		require.Equal(t, "REQUEST_OTP", begun.member("urgent.next_step"), begun.raw)
		w.components.smsAway = true
		again := map[string]any{"grant_type": "refresh_2fa_access_token"}
		bearer := "Bearer " + begun.member("data.value")
		require.Equal(t, 503, w.login(again, "Authorization", bearer).status)
		w.components.smsAway = false
		require.Equal(t, 201, w.login(again, "Authorization", bearer).status, "the token stays good")
	})
}
