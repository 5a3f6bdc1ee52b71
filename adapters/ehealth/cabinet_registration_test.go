package ehealth_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// registrationToken is a JWT as ehealth.api makes it, with changes.
func registrationToken(t *testing.T, algorithm jose.SignatureAlgorithm, secret string, changes map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: []byte(secret)}, nil)
	require.NoError(t, err)
	claims := map[string]any{
		"aud": "cabinet-registration", "iss": "EHealth", "typ": "access", "email": "Patient@example.com",
		"iat": worldTime - 10, "nbf": worldTime - 11, "exp": worldTime + 600, "sub": "patient@example.com",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	content, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(t, err)
	return content
}

const registrationBody = `{"type":"SMS","factor":"` + doctorPhone + `"}`

func TestCodeIsSentToThePhoneThatIsRegistered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		token := registrationToken(t, jose.HS512, registrationSecret, nil)
		send := func(body string) reply {
			return w.send(http.MethodPost, "/api/send_otp", headers("Authorization", "Bearer "+token), body)
		}
		for range 3 {
			delivered := send(registrationBody)
			require.Equal(t, 200, delivered.status, delivered.raw)
			require.Equal(t, "OTP sent", delivered.member("data.result"))
			require.NotContains(t, delivered.raw, string(w.components.code(doctorPhone)))
		}
		w.rejected(send(registrationBody), 429, "otp_timeout", "Sending OTP timeout. Try later.")
		codes := w.admin(http.MethodGet, "otps?active=true", "")
		require.Len(t, w.ids(codes), 1)
		require.Contains(t, codes.raw, "patient@example.com==="+doctorPhone)
		require.Equal(t, map[string]string{"$.type": "inclusion"}, w.entries(send(`{"type":"FAX","factor":"1"}`)))
		require.Equal(t, map[string]string{"$.factor": "format"}, w.entries(send(`{"type":"SMS","factor":"1"}`)))
		require.Equal(t, map[string]string{"$.factor": "required", "$.type": "required"}, w.entries(send(`{}`)))
		w.components.smsAway = true
		w.rejected(send(`{"type":"SMS","factor":"+380670000000"}`), 503, "internal_error", "SMS not sent. Try later")
	})
}

func TestAttackRegistrationWithoutTheRightJWTIsRefused(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		with := func(changes map[string]any) string {
			return registrationToken(t, jose.HS512, registrationSecret, changes)
		}
		for _, path := range []string{"/api/send_otp", "/api/verifications"} {
			for name, c := range map[string]struct{ token, kind, message string }{
				"none":             {"", "access_denied", ""},
				"garbage":          {"a.b.c", "access_denied", ""},
				"another secret":   {registrationToken(t, jose.HS512, strings.Repeat("x", 64), nil), "access_denied", ""},
				"another method":   {registrationToken(t, jose.HS256, registrationSecret, nil), "access_denied", ""},
				"expired":          {with(map[string]any{"exp": worldTime - 1}), "jwt_expired", "JWT expired"},
				"expired just now": {with(map[string]any{"exp": worldTime - 1, "aud": "x"}), "jwt_expired", "JWT expired"},
				"without an end":   {with(map[string]any{"exp": nil}), "access_denied", ""},
				"not yet valid":    {with(map[string]any{"nbf": worldTime + 100}), "access_denied", ""},
				"of another type":  {with(map[string]any{"typ": "refresh"}), "access_denied", ""},
				"for another use": {with(map[string]any{"aud": "email-verification"}), "jwt_aud_invalid",
					"JWT is not permitted for this action"},
				"without an email": {with(map[string]any{"email": nil}), "access_denied", ""},
				"too long":         {with(map[string]any{"email": strings.Repeat("a", 5000)}), "access_denied", ""},
			} {
				got := w.send(http.MethodPost, path, headers("Authorization", "Bearer "+c.token), registrationBody)
				require.Equal(t, 401, got.status, "%s: %s", name, got.raw)
				require.Equal(t, c.kind, got.member("error.type"), "%s: %s", name, got.raw)
				message, _ := got.at("error.message")
				if c.message == "" {
					require.Nil(t, message, name)
				} else {
					require.Equal(t, c.message, message, name)
				}
			}
		}
		require.Empty(t, w.components.texts)
	})
}

func TestPhoneVerificationIsStartedAtTheServiceOfTheOperator(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		token := registrationToken(t, jose.HS512, registrationSecret, nil)
		start := func(phone string) reply {
			return w.send(http.MethodPost, "/api/verifications", headers("Authorization", "Bearer "+token),
				`{"type":"SMS","factor":"`+phone+`"}`)
		}
		before := w.counters()
		require.Equal(t, "OTP sent", start("+380500000200").member("data.result"))
		w.rejected(start("+380500000429"), 429, "otp_timeout", "Wait a minute.")
		w.rejected(start("+380500000500"), 503, "internal_error", "SMS not sent. Try later")
		require.Equal(t, map[string]string{"$.factor": "format"}, w.entries(start("+380")))
		after := w.counters()
		for _, outcome := range []string{"answered", "refused", "failed"} {
			name := "ithildin_outbound_calls_total " + outcome + " phone_verification"
			require.Contains(t, before, name)
			require.InDelta(t, 1, after[name]-before[name], 0, name)
		}
	})
}

func TestPageAfterTheSignInReadsItsOwnUserAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		nurse := storagetest.User(t, w.store)
		for _, path := range []string{"/oauth/users/", "/api/oauth/users/"} {
			ask := func(token, id string) reply {
				return w.send(http.MethodGet, path+id, headers("Authorization", "Bearer "+token), "")
			}
			for _, scope := range []string{"app:authorize", "user:read"} {
				token := w.issue(scope)
				own := ask(token, doctorID)
				require.Equal(t, 200, own.status, own.raw)
				require.Equal(t, doctorEmail, own.member("data.email"))
				require.Equal(t, 404, ask(token, nurse.ID).status)
				require.Equal(t, 404, ask(token, uuid.NewString()).status)
				require.Equal(t, 404, ask(token, "1").status)
			}
			require.Equal(t, 403, ask(w.issue("user:change_password"), doctorID).status)
			require.Equal(t, 401, ask("nothing", doctorID).status)
		}
	})
}

// issue makes a session token of the doctor at the front end.
func (w *world) issue(scope string) string {
	return w.admin(http.MethodPost, "users/"+doctorID+"/tokens/access",
		body("token", map[string]any{"client_id": frontID, "scope": scope})).member("data.value")
}
