package ehealth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// login posts a token object; pairs are headers.
func (w *world) login(fields map[string]any, pairs ...string) reply {
	return w.send(http.MethodPost, "/auth/login", headers(pairs...), body("token", fields))
}

func byPassword(changes ...any) map[string]any {
	fields := map[string]any{
		"grant_type": "password", "email": doctorEmail, "password": doctorPassword, "client_id": frontID,
		"scope": "app:authorize",
	}
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i].(string)] = changes[i+1]
	}
	return fields
}

// factor gives the doctor a second factor; "" is one without a phone.
func (w *world) factor(phone string) {
	w.must(w.store.CreateAuthenticationFactor(w.t.Context(), storage.AuthenticationFactor{
		ID: uuid.NewString(), UserID: doctorID, Type: "SMS", Factor: phone, IsActive: true,
	}))
}

func (w *world) twoFactor(token string, otp any) reply {
	return w.login(map[string]any{"grant_type": "authorize_2fa_access_token", "otp": otp}, "Authorization",
		"Bearer "+token)
}

func (w *world) action(name, token string, fields string) reply {
	return w.send(http.MethodPost, "/oauth/users/actions/"+name, headers("Authorization", "Bearer "+token), fields)
}

// Case 40 of the contract.
func TestLoginByPasswordWithoutASecondFactorIsComplete(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		got := w.login(byPassword("token", "good", "email", "DOCTOR@example.com"))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "access_token", got.member("data.name"))
		require.Equal(t, "REQUEST_APPS", got.member("urgent.next_step"))
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{"grant_type": "password", "client_id": frontID, "scope": "app:authorize"}, details)
		require.Regexp(t, `^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`, got.member("data.value"))
		approved := w.send(http.MethodPost, "/oauth/apps/authorize",
			headers("Authorization", "Bearer "+got.member("data.value")),
			body("app", map[string]any{"client_id": hospitalID, "redirect_uri": redirectURI, "scope": "legal_entity:read"}))
		require.Equal(t, http.StatusCreated, approved.status, approved.raw)
		put := w.send(http.MethodPut, "/auth/login/", asJSON, body("token", byPassword()))
		require.Equal(t, http.StatusCreated, put.status, "the published method, with a slash: %s", put.raw)
	})
}

// Case 41 of the contract.
func TestLoginByPasswordWithASecondFactorAsksForACodeOrAPhone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor("")
		got := w.login(byPassword())
		require.Equal(t, "REQUEST_FACTOR", got.member("urgent.next_step"), got.raw)
		require.Equal(t, "2fa_access_token", got.member("data.name"))
		f, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		f.Factor = doctorPhone
		w.must(w.store.UpdateAuthenticationFactor(t.Context(), *f))
		got = w.login(byPassword())
		require.Equal(t, "REQUEST_OTP", got.member("urgent.next_step"), got.raw)
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "password", "client_id": frontID, "scope": "", "scope_request": "app:authorize",
		}, details)
		require.Len(t, w.components.texts[doctorPhone], 1)
	})
}

// Cases 42 and 43 of the contract.
func TestLoginRefusesWrongPasswordUnknownEmailAndBlockedUser(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		wrong := "Identity, password combination is wrong."
		w.rejected(w.login(byPassword("password", "not it")), 401, "access_denied", wrong)
		w.rejected(w.login(byPassword("email", "nobody@example.com")), 401, "access_denied", wrong)
		require.Equal(t, http.StatusCreated, w.login(byPassword()).status)
		w.must(w.store.BlockUser(t.Context(), doctorID, "test"))
		w.rejected(w.login(byPassword("password", "not it")), 401, "access_denied", wrong)
		w.rejected(w.login(byPassword()), 401, "user_blocked", "User blocked.")
	})
}

// Case 44 of the contract.
func TestLoginIsRefusedForTenMinutesAfterTenFailures(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for range 10 {
			w.login(byPassword("password", "not it"))
		}
		w.rejected(w.login(byPassword()), 401, "access_denied", "You reached login attempts limit. Try again later")
		w.later.Store(601)
		require.Equal(t, http.StatusCreated, w.login(byPassword()).status)
		for range 2 {
			for range 9 {
				w.login(byPassword("password", "not it"))
			}
			require.Equal(t, http.StatusCreated, w.login(byPassword()).status, "it forgets the failures before")
		}
	})
}

// Case 45 of the contract.
func TestLoginByAnExpiredPasswordAllowsOnlyItsChange(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.later.Store(89 * 86400)
		w.rejected(w.login(byPassword()), 401, "password_expired", "The password expired for user: "+doctorID)
		got := w.login(byPassword("grant_type", "change_password", "scope", "user:change_password"))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "change_password_token", got.member("data.name"))
	})
}

// Case 46 of the contract.
func TestLoginByPasswordRequiresAClientThatAllowsIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.rejected(w.login(byPassword("client_id", hospitalID)), 401, "access_denied",
			"Client is not allowed to issue login token.")
		w.rejected(w.login(byPassword("client_id", uuid.NewString())), 401, "invalid_client", "Invalid client id.")
		w.rejected(w.login(byPassword("client_id", "1")), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		w.rejected(w.login(byPassword("scope", "app:authorize legal_entity:read")), 422, "request_malformed",
			"Scope is not allowed by client type.")
		w.rejected(w.login(byPassword("grant_type", "change_password")), 401, "access_denied",
			"Allowed scopes for the token are user:change_password.")
		w.rejected(w.login(byPassword("grant_type", "client_credentials")), 422, "request_malformed",
			"Request must include grant_type.")
		require.Equal(t, map[string]string{
			"$.email": "required", "$.password": "required", "$.client_id": "cast", "$.scope": "required",
		}, w.entries(w.login(map[string]any{"grant_type": "password", "client_id": 5})))
	})
}

// Case 47 of the contract.
func TestLoginEndsTheEarlierSessionTokenOfTheSameClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		elsewhere := w.token(misID, "legal_entity:read")
		first := w.login(byPassword()).member("data.value")
		second := w.login(byPassword()).member("data.value")
		w.rejected(w.verify(first), 401, "invalid_grant", "Token expired or client approval was revoked.")
		require.Equal(t, http.StatusOK, w.verify(second).status)
		require.Equal(t, http.StatusOK, w.verify(elsewhere).status)
	})
}

// Case 48 of the contract.
func TestLoginIsCompletedByAOneTimeCodeAndThreeWrongOnesBlock(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		token := w.login(byPassword()).member("data.value")
		w.rejected(w.twoFactor(token, w.components.wrong(doctorPhone)), 401, "otp_invalid", "Invalid OTP code.")
		w.rejected(w.twoFactor(token, w.components.code(doctorPhone).String()), 401, "otp_invalid", "Invalid OTP code.")
		got := w.twoFactor(token, w.components.code(doctorPhone))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "REQUEST_APPS", got.member("urgent.next_step"))
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{"grant_type": "password", "client_id": frontID, "scope": "app:authorize"}, details)
		w.rejected(w.twoFactor(token, w.components.code(doctorPhone)), 401, "token_expired", "Token expired.")

		token = w.login(byPassword()).member("data.value")
		for range 3 {
			w.rejected(w.twoFactor(token, w.components.wrong(doctorPhone)), 401, "otp_invalid", "Invalid OTP code.")
		}
		w.rejected(w.twoFactor(token, w.components.code(doctorPhone)), 401, "user_blocked", "User blocked.")
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		require.True(t, user.IsBlocked)
		require.Equal(t, "Passed invalid OTP more than USER_OTP_ERROR_MAX", user.BlockReason)
		w.rejected(w.verify(got.member("data.value")), 401, "invalid_grant", "Token expired or client approval was revoked.")
	})
}

func TestOneTimeCodeSignsInOnceOfManyConcurrentRequests(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		token, code := w.login(byPassword()).member("data.value"), w.components.code(doctorPhone)
		var group sync.WaitGroup
		answers := make(chan int, 8)
		for range cap(answers) {
			group.Go(func() { answers <- w.twoFactor(token, code).status })
		}
		group.Wait()
		close(answers)
		won := 0
		for status := range answers {
			if status == http.StatusCreated {
				won++
			}
		}
		require.Equal(t, 1, won)
	})
}

// Case 49 of the contract.
func TestSecondFactorRequiresATwoFactorTokenAndAnInteger(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.rejected(w.login(map[string]any{"grant_type": "authorize_2fa_access_token", "otp": 123456}), 401, "access_denied",
			"Authorization header required.")
		w.rejected(w.twoFactor("garbage", 123456), 401, "token_invalid", "Invalid token.")
		w.rejected(w.twoFactor(w.token(frontID, "app:authorize"), 123456), 401, "access_denied", "Invalid token type")
		for _, absent := range []any{nil, ""} {
			require.Equal(t, map[string]string{"$.otp": "required"}, w.entries(w.twoFactor("garbage", absent)))
		}
		require.Equal(t, map[string]string{"$.otp": "required"},
			w.entries(w.login(map[string]any{"grant_type": "authorize_2fa_access_token"})))
		for _, other := range []any{[]int{1}, true, 1.5, "abc", " 123456", "1.5", map[string]int{}} {
			require.Equal(t, map[string]string{"$.otp": "cast"}, w.entries(w.twoFactor("garbage", other)), other)
		}
	})
}

// Case 50 of the contract.
func TestOneTimeCodeIsNotSentWithoutPhoneServiceOrWithinTheLimit(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		pending := func(a *storage.AccessToken) {
			a.Kind, a.Session.ScopeRequest = storage.KindTwoFactor, "app:authorize"
		}
		w.rejected(w.twoFactor(w.token(frontID, "", pending), 123456), 409, "request_conflict", "Factor not set")
		w.factor(doctorPhone)
		w.rejected(w.twoFactor(w.token(frontID, "", pending), 123456), 401, "otp_invalid", "Invalid OTP code.")
		w.components.smsAway = true
		w.rejected(w.login(byPassword()), 503, "internal_error", "SMS not sent. Try later")
		w.components.smsAway = false
		token := w.login(byPassword()).member("data.value")
		again := func() reply {
			return w.login(map[string]any{"grant_type": "refresh_2fa_access_token"}, "Authorization", "Bearer "+token)
		}
		got := again()
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		require.Equal(t, "REQUEST_OTP", got.member("urgent.next_step"))
		token = got.member("data.value")
		w.rejected(again(), 429, "otp_timeout", "Sending OTP timeout. Try later.")
		got = w.twoFactor(token, w.components.code(doctorPhone))
		require.Equal(t, http.StatusCreated, got.status, "the token stays good: %s", got.raw)
		w.later.Store(61)
		token = w.login(byPassword()).member("data.value")
		w.later.Store(61 + 301)
		w.rejected(w.twoFactor(token, w.components.code(doctorPhone)), 401, "otp_expired", "OTP expired.")
	})
}

// Case 51 of the contract.
func TestLoginRefusesAWrongCaptchaResponse(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.rejected(w.login(byPassword("token", "bad")), 403, "forbidden",
			"Invalid CAPTCHA token. Errors: invalid-input-response, timeout-or-duplicate")
	})
}

// Case 52 of the contract.
func TestLoginAtTheCabinetRequiresATaxID(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		require.Equal(t, http.StatusCreated, w.login(byPassword("client_id", cabinetID)).status)
		user, err := w.store.FindUser(t.Context(), doctorID)
		w.must(err)
		user.TaxID = ""
		w.must(w.store.UpdateUser(t.Context(), *user))
		w.rejected(w.login(byPassword("client_id", cabinetID)), 403, "forbidden", "User is not registered")
	})
}

// Case 53 of the contract.
func TestPasswordIsChangedByATokenOfItsOwn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		set := func(token, password string) reply {
			return w.action("update_password", token, body("user", map[string]any{"password": password}))
		}
		change := byPassword("grant_type", "change_password", "scope", "user:change_password")
		token := w.login(change).member("data.value")
		require.Equal(t, map[string]string{"$.password": "length"}, w.entries(set(token, "Short1")))
		require.Equal(t, []string{"format", "length"}, w.rules(set(token, "short"), "$.password"))
		require.Equal(t, map[string]string{"$.password": "format"}, w.entries(set(token, "всі малі літери 1")))
		require.Equal(t, map[string]string{"$.password": "required"}, w.entries(set(token, "")))
		require.Equal(t, map[string]string{"$.password": "password_used"}, w.entries(set(token, doctorPassword)))
		got := set(token, "Новий Пароль 1")
		require.Equal(t, http.StatusOK, got.status, got.raw)
		require.Equal(t, doctorID, got.member("data.id"))
		require.NotContains(t, strings.ToLower(got.raw), "парол")
		w.rejected(set(token, "Новий Пароль 2"), 401, "token_expired", "Token expired.")
		require.Equal(t, http.StatusCreated, w.login(byPassword("password", "Новий Пароль 1")).status)
		change["password"] = "Новий Пароль 1"
		token = w.login(change).member("data.value")
		require.Equal(t, map[string]string{"$.password": "password_used"}, w.entries(set(token, doctorPassword)))

		session := w.login(byPassword("password", "Новий Пароль 1")).member("data.value")
		w.rejected(set(session, "Новий Пароль 2"), 401, "token_invalid_type", "Invalid token type.")
		w.rejected(w.send(http.MethodPost, "/oauth/users/actions/update_password", asJSON, `{}`), 401, "access_denied",
			"Authorization header required.")
		w.rejected(w.action("update_password", token, `{}`), 400, "request_malformed",
			"Malformed request. Probably, you have sent corrupted JSON.")
		require.Equal(t, 404, w.send(http.MethodPost, "/oauth/tokens/actions/change_password", asJSON, `{}`).status)
	})
}

// sign is what the signature service makes of a message about that content.
func (w *world) sign(content map[string]any, signatures ...map[string]any) map[string]any {
	response, err := json.Marshal(map[string]any{"data": map[string]any{"content": content, "signatures": signatures}})
	w.must(err)
	w.components.signed["c2lnbmVk"] = string(response)
	return map[string]any{
		"grant_type": "digital_signature", "signed_content": "c2lnbmVk", "signed_content_encoding": "base64",
		"client_id": frontID,
		"scope":     "app:authorize",
	}
}

func signature(drfo string) map[string]any {
	return map[string]any{"is_valid": true, "signer": map[string]string{"drfo": drfo}}
}

func (w *world) freshNonce() string {
	got := w.send(http.MethodPost, "/oauth/nonce", asJSON, `{"client_id":"`+frontID+`"}`)
	require.Equal(w.t, http.StatusOK, got.status, got.raw)
	return got.member("data.token")
}

// Case 55 of the contract.
func TestLoginByDigitalSignatureAndItsErrors(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		content := func() map[string]any { return map[string]any{"jwt": w.freshNonce()} }
		w.rejected(
			w.login(w.sign(map[string]any{"jwt": "x"}, signature("3087512347"))),
			401,
			"jwt_invalid",
			"JWT is invalid.",
		)
		w.rejected(w.login(w.sign(map[string]any{}, signature("3087512347"))), 401, "jwt_invalid",
			"Signed content does not contain field jwt.")
		w.rejected(w.login(w.sign(content(), signature("")), "drfo", "3087512347"), 422, "request_malformed",
			"Digital signature signer does not contain drfo.")
		w.rejected(w.login(w.sign(content(), signature("1"), signature("2"))), 400, "request_malformed",
			"document must be signed by 1 signer but contains 2 signatures")
		w.rejected(w.login(w.sign(content(), map[string]any{"is_valid": false, "validation_error_message": "bad"})), 422,
			"request_malformed", "bad")
		w.rejected(w.login(w.sign(content(), signature("1111111111"))), 401, "access_denied",
			"Person with tax id from digital signature not found.")
		wide := w.sign(content(), signature("3087512347"))
		wide["scope"] = "legal_entity:read"
		w.rejected(w.login(wide), 422, "request_malformed", "Scope is not allowed by client type.")
		w.components.persons = map[string]string{}
		w.rejected(w.login(w.sign(content(), signature("3087512347"))), 401, "access_denied", "Person not found.")
		w.components.persons["585041f5-1272-4bca-8d41-8440eefe7d26"] = "2222222222"
		w.rejected(w.login(w.sign(content(), signature("3087512347"))), 403, "tax_id_invalid",
			"Tax id not matched with MPI person.")
		w.components.persons["585041f5-1272-4bca-8d41-8440eefe7d26"] = "3087512347 INACTIVE"
		w.rejected(w.login(w.sign(content(), signature("3087512347"))), 401, "access_denied", "Person not found.")
		w.components.persons = nil

		request := w.sign(content(), signature("3087512347"))
		got := w.login(request)
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		details, _ := got.at("data.details")
		require.Equal(t, map[string]any{
			"grant_type": "digital_signature", "client_id": frontID, "scope": "app:authorize", "scope_request": "app:authorize",
		}, details)
		w.rejected(w.login(request), 401, "jwt_invalid", "JWT is invalid.")

		w.components.signedCode = 422
		w.components.signed["c2lnbmVk"] = `{"error":{"type":"validation_failed","message":"no p7s"}}`
		w.rejected(w.login(request), 422, "validation_failed", "no p7s")
		w.components.signedCode = 500
		w.rejected(w.login(request), 503, "internal_error", "Digital signature not verified. Try later")
	})
}

// Case 56 of the contract.
func TestNonceForASignatureIsAJWTForKnownClients(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		claims := claimsOf(t, w.freshNonce())
		require.Equal(t, "mithril-login", claims["aud"])
		require.Equal(t, "EHealth", claims["iss"])
		require.EqualValues(t, worldTime+300, claims["exp"])
		require.EqualValues(t, worldTime-1, claims["nbf"])
		ask := func(body string) reply { return w.send(http.MethodPost, "/oauth/nonce", asJSON, body) }
		require.Equal(t, map[string]string{"$.client_id": "required"}, w.entries(ask(`{}`)))
		require.Equal(t, map[string]string{"$.client_id": "cast"}, w.entries(ask(`{"client_id":"1"}`)))
		require.Equal(t, 404, ask(`{"client_id":"`+uuid.NewString()+`"}`).status)
		w.must(w.store.BlockClient(t.Context(), frontID, "test"))
		w.rejected(ask(`{"client_id":"`+frontID+`"}`), 401, "access_denied", "Client is blocked")

		w.must(w.store.CreateClientType(t.Context(), storage.ClientType{ID: uuid.NewString(), Name: "TRUSTED_PIS"}))
		id := uuid.NewString()
		w.addClient(id, "TRUSTED_PIS", "", "cGlzLXNlY3JldC1mb3ItdGhlLW5vbmNl", `{}`, `{}`)
		require.Equal(t, map[string]string{"$.client_secret": "required"}, w.entries(ask(`{"client_id":"`+id+`"}`)))
		w.rejected(ask(`{"client_id":"`+id+`","client_secret":"wrong"}`), 401, "invalid_client",
			"Invalid client id or secret.")
		got := ask(`{"client_id":"` + id + `","client_secret":"cGlzLXNlY3JldC1mb3ItdGhlLW5vbmNl"}`)
		require.Equal(t, "trusted-client", claimsOf(t, got.member("data.token"))["aud"])
	})
}

func claimsOf(t *testing.T, token string) map[string]any {
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3, token)
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(raw, &claims))
	return claims
}

func TestLogoutByAPIEndsTheTokenAndItsRefreshToken(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		code := w.approve(hospitalID, "legal_entity:read").member("data.value")
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret, "code": code,
			"redirect_uri": redirectURI,
		})
		bearer := headers("Authorization", "Bearer "+set.member("data.value"))
		require.Equal(t, http.StatusOK, w.send(http.MethodPost, "/auth/logout", bearer, "").status)
		w.rejected(w.send(http.MethodPost, "/auth/logout", bearer, ""), 401, "access_denied", "Invalid access token")
		w.rejected(w.send(http.MethodPost, "/auth/logout", nil, ""), 401, "access_denied", "Invalid access token")
		w.rejected(w.exchange(map[string]any{
			"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
			"refresh_token": set.member("data.details.refresh_token"),
		}), 401, "token_expired", "Token expired.")
	})
}

func TestUserOfATokenIsReadWithTheScopeUserRead(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		ask := func(token string) reply {
			return w.send(http.MethodGet, "/oauth/user", map[string]string{"Authorization": "Bearer " + token}, "")
		}
		got := ask(w.token(frontID, "user:read"))
		require.Equal(t, http.StatusOK, got.status, got.raw)
		data, _ := got.at("data")
		require.Equal(t, map[string]any{
			"id": doctorID, "email": doctorEmail, "tax_id": "3087512347", "person_id": "585041f5-1272-4bca-8d41-8440eefe7d26",
			"settings": map[string]any{}, "is_blocked": false, "block_reason": nil,
			"inserted_at": "1970-01-01T00:00:00.000000", "updated_at": "1970-01-01T00:00:00.000000",
		}, data)
		w.rejected(ask(w.token(frontID, "app:authorize")), 403, "forbidden",
			"Your scope does not allow to access this resource. Missing allowances: user:read")
		w.rejected(ask("garbage"), 401, "access_denied", "Invalid access token")
	})
}

// Cases 66 to 68 of the contract.
func TestLoginAPIEchoesRequestIDsAndRefusesOtherPathsAndTypes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		id := "0123456789abcdefghij-request"
		got := w.send(http.MethodPost, "/auth/login", headers("X-Request-ID", id, "X-Idempotency-Key", "once"), `{}`)
		require.Equal(t, id, got.member("meta.request_id"))
		require.Equal(t, id, got.header.Get("X-Request-Id"))
		require.Equal(t, "once", got.member("meta.idempotency_key"))
		got = w.send(http.MethodPost, "/auth/login", headers("X-Request-ID", "short"), `{}`)
		require.Regexp(t, `^[0-9a-v]{24}$`, got.member("meta.request_id"))
		require.Equal(t, "not_found", w.send(http.MethodGet, "/auth/login", nil, "").member("error.type"))
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		require.Equal(t, 415, w.send(http.MethodPost, "/auth/login", form, "grant_type=password").status)
	})
}
