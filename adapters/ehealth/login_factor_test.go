package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const otherPhone = "+380671112233"

// Case 54 of the contract.
func TestPhoneOfASecondFactorIsSetAfterItsCodeWasEntered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		request := `{"type":"SMS","factor":"` + doctorPhone + `"}`
		session := w.login(byPassword()).member("data.value")
		require.Equal(t, 404, w.action("init_factor", session, request).status)
		w.factor("")
		clients := w.token(frontID, "app:authorize",
			func(a *storage.AccessToken) { a.Session.GrantType = "authorization_code" })
		w.rejected(w.action("init_factor", clients, request), 401, "token_invalid_type", "Invalid token type.")
		token := w.login(byPassword()).member("data.value")
		require.Equal(t, map[string]string{"$.type": "inclusion"},
			w.entries(w.action("init_factor", token, `{"type":"TOTP","factor":"+380"}`)))
		require.Equal(t, map[string]string{"$.factor": "format"},
			w.entries(w.action("init_factor", token, `{"type":"SMS","factor":"+380"}`)))
		w.rejected(w.action("approve_factor", token, `{"otp":123456}`), 401, "access_denied",
			"Invalid token type. Init factor at first")
		began := w.action("init_factor", token, request)
		require.Equal(t, http.StatusCreated, began.status, began.raw)
		require.Equal(t, "APPROVE_FACTOR", began.member("urgent.next_step"))
		_, given := began.at("data.details")
		require.False(t, given)
		w.rejected(w.action("init_factor", token, request), 401, "token_expired", "Token expired.")
		next := began.member("data.value")
		w.rejected(w.action("approve_factor", next, `{"otp":`+w.components.wrong(doctorPhone).String()+`}`), 401,
			"otp_invalid",
			"Invalid OTP code.")
		got := w.action("approve_factor", next, `{"otp":`+w.components.code(doctorPhone).String()+`}`)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "access_token", got.member("data.name"))
		require.Equal(t, "app:authorize", got.member("data.details.scope"))
		_, given = got.at("urgent")
		require.False(t, given)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		require.Equal(t, doctorPhone, factor.Factor)

		w.later.Store(120)
		half := w.login(byPassword()).member("data.value")
		other := `{"type":"SMS","factor":"+380671112233"}`
		w.rejected(w.action("init_factor", half, other), 401, "token_invalid_type", "Invalid token type.")
		require.Equal(t, http.StatusCreated,
			w.action("init_factor", w.twoFactor(half, w.components.code(doctorPhone)).member("data.value"), other).status)
	})
}

// beginPhone is init_factor.
func (w *world) beginPhone(token, phone string) reply {
	return w.action("init_factor", token, `{"type":"SMS","factor":"`+phone+`"}`)
}

// signedInByCode signs the doctor in by password and code.
func (w *world) signedInByCode(changes ...any) string {
	w.t.Helper()
	done := w.twoFactor(w.login(byPassword(changes...)).member("data.value"), w.components.code(doctorPhone))
	require.Equal(w.t, http.StatusCreated, done.status, done.raw)
	return done.member("data.value")
}

func TestPhoneIsChangedInASessionUnderATwoFactorToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		session := w.signedInByCode()
		begun := w.beginPhone(session, otherPhone)
		require.Equal(t, http.StatusCreated, begun.status, begun.raw)
		require.Equal(t, "2fa_access_token", begun.member("data.name"))
		w.rejected(w.beginPhone(session, otherPhone), 401, "token_expired", "Token expired.")
		token := begun.member("data.value")
		code := w.components.code(otherPhone).String()
		for _, wrong := range []string{`{}`, `{"otp":"` + code + `"}`} {
			w.rejected(w.action("approve_factor", token, wrong), 401, "otp_invalid", "Invalid OTP code.")
		}
		got := w.action("approve_factor", token, `{"otp":`+code+`}`)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{"grant_type": "password", "client_id": frontID, "scope": "app:authorize"}, details)

		begun = w.beginPhone(got.member("data.value"), doctorPhone)
		for _, wrong := range []string{`{"otp":null}`, `{"otp":true}`, `{"otp":[1]}`} {
			w.rejected(w.action("approve_factor", begun.member("data.value"), wrong), 401, "otp_invalid", "Invalid OTP code.")
		}
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		require.True(t, user.IsBlocked, "each of them counts")
	})
}

func TestChecksOfAPhoneFailInTheOrderOfTheContract(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.must(w.store.BlockUser(t.Context(), doctorID, "test"))
		over, live := w.token(frontID, "app:authorize", expiredToken), w.token(frontID, "app:authorize")
		begun := func(a *storage.AccessToken) {
			a.Kind, a.Session.Factor, a.Session.FactorType = storage.KindTwoFactor, otherPhone, "SMS"
		}
		half := w.token(frontID, "", begun)
		for _, name := range []string{"init_factor", "approve_factor"} {
			w.rejected(w.send(http.MethodPost, "/oauth/users/actions/"+name, asJSON, `{}`), 401, "access_denied",
				"Authorization header required.")
			w.rejected(w.action(name, "garbage", `{}`), 401, "token_invalid", "Invalid token.")
			w.rejected(w.action(name, over, `{}`), 401, "token_expired", "Token expired.")
		}
		w.rejected(w.action("init_factor", live, `{}`), 401, "user_blocked", "User blocked.")
		w.rejected(w.action("approve_factor", live, `{}`), 401, "access_denied", "Invalid token type. Init factor at first")
		w.rejected(w.action("approve_factor", half, `{}`), 401, "user_blocked", "User blocked.")
		w.must(w.store.UnblockUser(t.Context(), doctorID))
		require.Equal(t, map[string]string{"$.type": "required", "$.factor": "required"},
			w.entries(w.action("init_factor", live, `{}`)))
		require.Equal(t, 404, w.beginPhone(live, otherPhone).status, "no factor")
		require.Equal(t, 404, w.action("approve_factor", half, `{"otp":1}`).status, "no factor")
		w.factor(doctorPhone)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		w.must(w.store.ActivateAuthenticationFactor(t.Context(), factor.ID, false))
		require.Equal(t, 404, w.beginPhone(live, otherPhone).status, "no active factor")
		w.must(w.store.ActivateAuthenticationFactor(t.Context(), factor.ID, true))
		w.must(w.store.ResetAuthenticationFactor(t.Context(), factor.ID))
		w.rejected(w.beginPhone(live, otherPhone), 401, "token_invalid_type", "Invalid token type.")
		require.Equal(t, "REQUEST_FACTOR", w.login(byPassword()).member("urgent.next_step"), "the user signs in anew")
	})
}

// A session without app:authorize must not get it by a change of the phone, nor the scope that a signature asked for.
func TestAttackAChangeOfThePhoneWidensItsSession(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for scope, request := range map[string]string{
			"user:read": "", "app:authorize": "user:read", "user:read app:authorize": "user:read",
		} {
			w := newWorld(t, engine)
			w.factor(doctorPhone)
			session := w.token(frontID, scope, func(a *storage.AccessToken) { a.Session.ScopeRequest = request })
			begun := w.beginPhone(session, otherPhone)
			require.Equal(t, http.StatusCreated, begun.status, begun.raw)
			token := begun.member("data.value")
			w.rejected(w.twoFactor(token, w.components.code(otherPhone)), 401, "otp_invalid", "Invalid OTP code.")
			got := w.action("approve_factor", token, `{"otp":`+w.components.code(otherPhone).String()+`}`)
			require.Equal(t, http.StatusCreated, got.status, got.raw)
			want := map[string]string{"user:read": "user:read", "app:authorize": "app:authorize"}[scope]
			if want == "" {
				want = request
			}
			require.Equal(t, want, got.member("data.details.scope"))
		}
	})
}

func TestAnotherCodeIsSentUnderATokenWithTheSameDetails(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		token := w.token(frontID, "", func(a *storage.AccessToken) {
			a.Kind, a.Session.ScopeRequest, a.Session.RedirectURI = storage.KindTwoFactor, "user:read", redirectURI
		})
		refreshed := w.login(map[string]any{"grant_type": "refresh_2fa_access_token"}, "Authorization", "Bearer "+token)
		require.Equal(t, http.StatusCreated, refreshed.status, refreshed.raw)
		details, _ := refreshed.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "password", "client_id": frontID, "redirect_uri": redirectURI, "scope": "",
			"scope_request": "user:read",
		}, details)
		done := w.twoFactor(refreshed.member("data.value"), w.components.code(doctorPhone))
		details, _ = done.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "password", "client_id": frontID, "redirect_uri": redirectURI, "scope": "user:read",
		}, details)
		listed := w.admin(http.MethodGet, "tokens/"+done.member("data.id"), "")
		details, _ = listed.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "password", "client_id": frontID, "redirect_uri": redirectURI, "scope": "user:read",
		}, details, "as an administrator sees it")
	})
}

func TestChangeOfThePasswordKeepsTheOtherTokensOfItsSignIn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		session := w.login(byPassword()).member("data.value")
		first := w.forPassword()
		require.Equal(t, http.StatusOK, w.verify(session).status)
		second := w.forPassword()
		w.rejected(w.setPassword(first, "Anotherpassword2"), 401, "token_expired", "Token expired.")
		require.Equal(t, http.StatusOK, w.verify(second).status)

		w.factor(doctorPhone)
		half := w.login(byPassword("grant_type", "change_password", "scope", "user:change_password"))
		require.Equal(t, "REQUEST_OTP", half.member("urgent.next_step"), half.raw)
		done := w.twoFactor(half.member("data.value"), w.components.code(doctorPhone))
		require.Equal(t, "change_password_token", done.member("data.name"), done.raw)
		details, _ := done.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "change_password", "client_id": frontID, "scope": "user:change_password",
			"scope_request": "user:change_password",
		}, details)
		w.rejected(w.twoFactor(half.member("data.value"), w.components.code(doctorPhone)), 401, "otp_invalid",
			"Invalid OTP code.")
		w.later.Store(61)
		again := w.login(map[string]any{"grant_type": "refresh_2fa_access_token"}, "Authorization",
			"Bearer "+half.member("data.value"))
		require.Equal(t, http.StatusCreated, again.status, again.raw)
		require.Equal(t, http.StatusOK, w.setPassword(done.member("data.value"), "Anotherpassword2").status)
		require.Equal(t, http.StatusUnauthorized,
			w.twoFactor(again.member("data.value"), w.components.code(doctorPhone)).status, "the password is another")
	})
}

func TestPhoneOfAnInactiveFactorGetsNoCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		w.must(w.store.ActivateAuthenticationFactor(t.Context(), factor.ID, false))
		half := w.token(frontID, "", func(a *storage.AccessToken) { a.Kind = storage.KindTwoFactor })
		for _, grantType := range []string{"refresh_2fa_access_token", "authorize_2fa_access_token"} {
			w.rejected(w.login(map[string]any{"grant_type": grantType, "otp": 123456}, "Authorization", "Bearer "+half), 409,
				"request_conflict", "Factor not set")
		}
		require.Equal(t, "REQUEST_APPS", w.login(byPassword()).member("urgent.next_step"))
		require.Empty(t, w.components.texts[doctorPhone])
	})
}

func TestExpiredCodesCountTowardsTheBlock(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		token := w.login(byPassword()).member("data.value")
		w.later.Store(301)
		for range 3 {
			w.rejected(w.twoFactor(token, w.components.code(doctorPhone)), 401, "otp_expired", "OTP expired.")
		}
		w.rejected(w.twoFactor(token, w.components.code(doctorPhone)), 401, "user_blocked", "User blocked.")
	})
}
