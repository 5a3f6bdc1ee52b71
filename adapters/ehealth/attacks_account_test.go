package ehealth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const thiefPhone = "+380671112233"

// forPassword signs the doctor in for a change of the password and returns the token.
func (w *world) forPassword() string {
	w.t.Helper()
	got := w.login(byPassword("grant_type", "change_password", "scope", "user:change_password"))
	require.Equal(w.t, http.StatusCreated, got.status, got.raw)
	return got.member("data.value")
}

func (w *world) setPassword(token, password string) reply {
	return w.action("update_password", token, `{"user":{"password":"`+password+`"}}`)
}

// A change_password_token that somebody kept is worth nothing after its use, its minutes, or whatever ends sign-ins.
func TestAttackChangePasswordTokenIsUsedTwice(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		over := func(a reply) {
			t.Helper()
			require.Equal(t, http.StatusUnauthorized, a.status, a.raw)
		}
		w := newWorld(t, engine)
		token := w.forPassword()
		require.Equal(t, 422, w.setPassword(token, "Short1").status, "a refused password leaves the token as it is")
		require.Equal(t, http.StatusOK, w.setPassword(token, "Anotherpassword2").status)
		w.rejected(w.setPassword(token, "Thirdpassword3"), 401, "token_expired", "Token expired.")
		for name, end := range map[string]func(*world) error{
			"the operator's reset": func(w *world) error { return w.store.SetPassword(t.Context(), doctorID, "hash") },
			"sign-out": func(w *world) error {
				_, err := w.store.EndLoginSessions(t.Context(), doctorID)
				return err
			},
			"a block of the user": func(w *world) error {
				w.must(w.store.BlockUser(t.Context(), doctorID, "test"))
				return w.store.UnblockUser(t.Context(), doctorID)
			},
			"a block of the client": func(w *world) error {
				w.must(w.store.BlockClient(t.Context(), frontID, "test"))
				return w.store.UnblockClient(t.Context(), frontID)
			},
			"the owner's change": func(w *world) error {
				other := w.forPassword()
				require.Equal(t, http.StatusOK, w.setPassword(other, "Anotherpassword2").status)
				return nil
			},
			"its time": func(w *world) error { w.later.Store(15 * 60); return nil },
		} {
			t.Log(name)
			w := newWorld(t, engine)
			kept := w.forPassword()
			w.must(end(w))
			over(w.setPassword(kept, "Thirdpassword3"))
		}
	})
}

// Of many who present the same change_password_token at once, one sets the password.
func TestAttackChangePasswordTokenIsUsedConcurrently(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		token := w.forPassword()
		results := make(chan int, 8)
		for i := range cap(results) {
			go func() { results <- w.setPassword(token, "Anotherpassword"+string(rune('0'+i))).status }()
		}
		won := 0
		for range cap(results) {
			if <-results == http.StatusOK {
				won++
			}
		}
		require.Equal(t, 1, won)
	})
}

func TestAttackATokenOfABlockedClientSetsThePassword(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		token := w.forPassword()
		w.change(frontID, func(c *storage.Client) { c.IsBlocked = true })
		w.must(w.store.BlockClient(t.Context(), frontID, "test"))
		require.Equal(t, http.StatusUnauthorized, w.setPassword(token, "Anotherpassword2").status)
		login := w.login(byPassword())
		require.Equal(t, http.StatusUnauthorized, login.status, "and nobody signs in to it")
	})
}

// A sign-in that began with the password before must not end in a token.
func TestAttackASignInUnderWayOutlivesTheChangeOfThePassword(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		half := w.login(byPassword())
		require.Equal(t, "REQUEST_OTP", half.member("urgent.next_step"), half.raw)
		w.must(w.store.SetPassword(t.Context(), doctorID, "hash"))
		require.Equal(
			t,
			http.StatusUnauthorized,
			w.twoFactor(half.member("data.value"), w.components.code(doctorPhone)).status,
		)
	})
}

// A session of the login API ends with every other session of its user.
func TestAttackASessionOfTheLoginAPISurvivesTheEndOfSessions(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for name, end := range map[string]func(*world) error{
			"another password": func(w *world) error { return w.store.SetPassword(t.Context(), doctorID, "hash") },
			"sign-out everywhere": func(w *world) error {
				_, err := w.store.EndLoginSessions(t.Context(), doctorID)
				return err
			},
			"an administrator's password": func(w *world) error {
				got := w.admin(http.MethodPut, "users/"+doctorID, `{"user":{"password":"Anotherpassword2"}}`)
				require.Equal(t, http.StatusOK, got.status, got.raw)
				return nil
			},
		} {
			w := newWorld(t, engine)
			session := w.login(byPassword("scope", "app:authorize user:read")).member("data.value")
			ask := func() int {
				return w.send(http.MethodGet, "/oauth/user", headers("Authorization", "Bearer "+session), "").status
			}
			require.Equal(t, http.StatusOK, ask())
			w.must(end(w))
			require.Equal(t, http.StatusUnauthorized, ask(), name)
		}
	})
}

// Who knows the password begins to enrol a phone before the owner does, and ends after the owner has.
func TestAttackPhoneIsReplacedWithoutTheOwnersPhone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor("")
		begin := func(clientID, phone string) string {
			half := w.login(byPassword("client_id", clientID))
			require.Equal(t, "REQUEST_FACTOR", half.member("urgent.next_step"), half.raw)
			begun := w.action("init_factor", half.member("data.value"), `{"type":"SMS","factor":"`+phone+`"}`)
			require.Equal(t, http.StatusCreated, begun.status, begun.raw)
			return begun.member("data.value")
		}
		approve := func(token, phone string) reply {
			return w.action("approve_factor", token, `{"otp":`+string(w.components.code(phone))+`}`)
		}
		theirs := begin(cabinetID, thiefPhone) // of another client, so that the owner's sign-in does not end it
		waiting := w.login(byPassword("client_id", hospitalID))
		require.NotEqual(t, http.StatusCreated, waiting.status)
		owners := begin(frontID, doctorPhone)
		require.Equal(t, http.StatusCreated, approve(owners, doctorPhone).status)
		require.Equal(t, http.StatusUnauthorized, approve(theirs, thiefPhone).status)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		require.Equal(t, doctorPhone, factor.Factor)

		// What the row's condition alone refuses.
		stale := *factor
		stale.Factor = thiefPhone
		require.ErrorIs(t, w.store.ReplaceAuthenticationFactor(t.Context(), stale, ""), storage.ErrConflict)
	})
}

// Whoever has stolen a session must not make their phone the second factor; whatever the policy, the old number is
// told.
func TestAttackAStolenSessionReplacesThePhone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		signIn := func() string {
			half := w.login(byPassword())
			done := w.twoFactor(half.member("data.value"), w.components.code(doctorPhone))
			require.Equal(t, http.StatusCreated, done.status, done.raw)
			return done.member("data.value")
		}
		begin := func(token string) reply {
			return w.action("init_factor", token, `{"type":"SMS","factor":"`+thiefPhone+`"}`)
		}
		w.change(frontID, ofNewClients)
		stolen := signIn()
		w.later.Store(301)
		w.rejected(begin(stolen), 403, "forbidden", "Sign in again to change the authentication factor.")
		w.rejected(begin(w.token(frontID, "app:authorize", func(a *storage.AccessToken) {
			a.Session.AuthTime = time.Unix(worldTime+301, 0) // of a password alone
		})), 403, "forbidden", "Sign in again to change the authentication factor.")
		fresh := signIn()
		begun := begin(fresh)
		require.Equal(t, http.StatusCreated, begun.status, begun.raw)
		w.rejected(begin(begun.member("data.value")), 401, "token_invalid_type", "Invalid token type.")

		w.later.Store(2000)
		begun = begin(signIn())
		require.Equal(t, http.StatusCreated, begun.status, begun.raw)
		delivered := len(w.components.texts[doctorPhone])
		done := w.action("approve_factor", begun.member("data.value"), `{"otp":`+string(w.components.code(thiefPhone))+`}`)
		require.Equal(t, http.StatusCreated, done.status, done.raw)
		w.must(w.provider.DeliverNotices(t.Context()))
		require.Len(t, w.components.texts[doctorPhone], delivered+1)
		require.Contains(t, w.components.texts[doctorPhone][delivered], "змінено")
	})
}

// Whoever knows the password keeps a session from before the owner enrolled a phone; at an imported client too it is no
// proof of that phone.
func TestAttackASessionFromBeforeTheFirstPhoneReplacesIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		kept := w.login(byPassword("client_id", cabinetID)).member("data.value")
		w.factor(doctorPhone)
		w.rejected(w.action("init_factor", kept, `{"type":"SMS","factor":"`+thiefPhone+`"}`), 403, "forbidden",
			"Sign in again to change the authentication factor.")
	})
}

// A session that began to replace one phone must not replace another.
func TestAttackAReplacementOfThePhoneThatWasBegunBeforeAnother(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor(doctorPhone)
		begun := w.action("init_factor", w.token(frontID, "app:authorize"), `{"type":"SMS","factor":"`+thiefPhone+`"}`)
		require.Equal(t, http.StatusCreated, begun.status, begun.raw)
		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		factor.Factor = "+380509999999"
		w.must(w.store.UpdateAuthenticationFactor(t.Context(), *factor))
		w.rejected(
			w.action("approve_factor", begun.member("data.value"), `{"otp":`+string(w.components.code(thiefPhone))+`}`),
			401,
			"token_expired",
			"Token expired.",
		)
	})
}

// A scope that an operator has made stricter is not refreshed for whoever signed in more weakly.
func TestAttackARefreshKeepsAScopeWhoseAssuranceWasRaised(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		set := w.exchange(map[string]any{
			"grant_type": "authorization_code", "client_id": hospitalID, "client_secret": hospitalSecret,
			"code": w.approve(hospitalID, "legal_entity:read employee:read").member("data.value"), "redirect_uri": redirectURI,
		})
		require.Equal(t, http.StatusCreated, set.status, set.raw)
		w.must(w.store.PutScope(t.Context(), storage.Scope{
			Name: "legal_entity:read", GovernedBy: storage.GovernedByRole, LoginForm: storage.LoginFormPassword,
			Assurance: storage.AssuranceOneTimeCode,
		}))
		refreshed := w.exchange(map[string]any{
			"grant_type": "refresh_token", "client_id": hospitalID, "client_secret": hospitalSecret,
			"refresh_token": set.member("data.details.refresh_token"),
		})
		require.Equal(t, http.StatusCreated, refreshed.status, refreshed.raw)
		require.Equal(t, "employee:read", refreshed.member("data.details.scope"))
	})
}
