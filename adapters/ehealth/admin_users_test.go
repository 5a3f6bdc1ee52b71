package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func (w *world) updateUser(fields string) reply {
	return w.admin(http.MethodPatch, "users/"+doctorID, `{"user":{`+fields+`}}`)
}

func TestUserIsMadeWithALocationAndUpdatedInPart(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.admin(http.MethodPost, "users", `{"user":{"email":"Nurse@Example.com","password":"Довгий пароль 1",
"tax_id":null,"otp":"1","current_password":"x"}}`)
		require.Equal(t, 201, made.status, made.raw)
		require.Equal(t, "/admin/users/"+made.member("data.id"), made.header.Get("Location"))
		require.Equal(t, []string{"block_reason", "email", "id", "inserted_at", "is_blocked", "person_id", "settings",
			"tax_id", "updated_at"}, w.members(made))
		require.Empty(t, made.member("data.tax_id"))

		changed := w.updateUser(`"tax_id":null,"person_id":"","settings":null`)
		require.Equal(t, 200, changed.status, changed.raw)
		settings, _ := changed.at("data.settings")
		require.Nil(t, settings)
		require.Equal(t, " "+doctorEmail, changed.member("data.tax_id")+changed.member("data.person_id")+" "+
			changed.member("data.email"))
		require.Equal(t, map[string]string{"$.email": "required", "$.password": "required"},
			w.entries(w.updateUser(`"email":null,"password":""`)))
		for _, email := range []string{"nobody", "a@localhost", "лікар@приклад", `a@example.com\r\nBcc: b@example.com`} {
			require.Equal(t, map[string]string{"$.email": "email"}, w.entries(w.updateUser(`"email":"`+email+`"`)), email)
		}
		for email, stored := range map[string]string{
			"mail@example.com-17": "mail@example.com-17", "Ann..Lee@Example.com": "ann..lee@example.com",
			"Ann <a@example.com>": "ann <a@example.com>", doctorEmail: doctorEmail,
		} {
			require.Equal(t, stored, w.updateUser(`"email":"`+email+`"`).member("data.email"), "an address in it is enough")
		}
		refused := w.updateUser(`"email":"nobody"`).raw
		require.Contains(t, refused, "is not a valid email")
		require.Contains(t, refused, `"params":["~r/(?:[a-z0-9!#$%`)
		require.Equal(t, 404, w.admin(http.MethodPut, "users/"+uuid.NewString(), `{"user":{}}`).status)
	})
}

func TestPasswordThatBreaksSeveralRulesNamesEach(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		got := w.updateUser(`"password":"short"`)
		require.Equal(t, 422, got.status)
		require.Contains(t, got.raw, `"rules":[{"rule":"format","description":"Password does not meet complexity `+
			`requirements","params":["~r/^(?=.*[a-zа-яёїієґ])(?=.*[A-ZА-ЯЁЇIЄҐ])(?=.*\\d)/"]},`+
			`{"rule":"length","description":"should be at least 12 character(s)","params":{"min":12}}]`)
		require.Equal(t, map[string]string{"$.password": "password_used"},
			w.entries(w.updateUser(`"password":"`+doctorPassword+`"`)))
	})
}

func TestEveryFieldThatIsWrongIsAnEntryBesideThePassword(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		fields := `"email":"nobody","password":"short","factor":"+380"`
		for _, got := range []reply{
			w.admin(http.MethodPost, "users", `{"user":{`+fields+`}}`), w.updateUser(fields),
			w.admin(http.MethodPatch, "users/"+doctorID+"/actions/change_password",
				`{"user":{`+fields+`,"current_password":"`+doctorPassword+`"}}`),
		} {
			require.Equal(t, map[string]string{"$.email": "email", "$.password": "format"}, w.entries(got))
			require.Equal(t, []string{"format", "length"}, w.rules(got, "$.password"))
		}
		require.Equal(t, map[string]string{"$.current_password": "password", "$.password": "format"},
			w.entries(w.admin(http.MethodPatch, "users/"+doctorID+"/actions/change_password",
				`{"user":{"password":"short","current_password":"not it"}}`)))
	})
}

func TestPhoneOfAUserIsJudgedLastAndOnlyWhereTheSecondFactorIsOn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		create := func(email, fields string) reply {
			return w.admin(http.MethodPost, "users", `{"user":{"email":"`+email+`","password":"Somepassword1",`+fields+`}}`)
		}
		require.Equal(t, map[string]string{"$.factor": "format"}, w.entries(create("a@example.com", `"factor":"+380"`)))
		require.Equal(t, map[string]string{"$.factor": "cast"}, w.entries(create("a@example.com", `"factor":380`)))
		require.Empty(t, w.ids(w.admin(http.MethodGet, "users?email=a@example.com", "")), "nothing is stored")
		require.Equal(t, map[string]string{"$.email": "has already been taken"},
			w.entries(create(doctorEmail, `"factor":"+380"`)))
		require.Equal(t, 201, create("a@example.com", `"factor":"+380","2fa_enable":false`).status)
		require.Equal(t, map[string]string{"$.factor": "format"}, w.entries(w.updateUser(`"factor":"+380"`)))
		require.Equal(t, 200, w.updateUser(`"factor":"+380","2fa_enable":"true","priv_settings":"ignored"`).status)
		require.Empty(t, w.ids(w.admin(http.MethodGet, doctorFactors, "")))
	})
}

func TestPasswordIsChangedByWhoeverKnowsThePresentOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		change := func(fields string) reply {
			return w.admin(http.MethodPatch, "users/"+doctorID+"/actions/change_password", `{"user":{`+fields+`}}`)
		}
		missing := change("")
		require.Equal(t, map[string]string{"$.current_password": "required", "$.password": "required"}, w.entries(missing))
		require.Contains(t, missing.raw, `"is not changed"`)
		require.Equal(t, map[string]string{"$.password": "required"}, w.entries(change(`"current_password":"wrong"`)))
		wrong := change(`"current_password":"wrong","password":"Somewhat-1-Longer-Ї"`)
		require.Equal(t, map[string]string{"$.current_password": "password"}, w.entries(wrong))
		require.Contains(t, wrong.raw, "password does not match password in field current_password")
		current := `"current_password":"` + doctorPassword + `",`
		require.Equal(t, map[string]string{"$.password": "format"}, w.entries(change(current+`"password":"short"`)))
		require.Equal(t, map[string]string{"$.password": "password_used"},
			w.entries(change(current+`"password":"`+doctorPassword+`"`)))
		signIn := w.token(frontID, "app:authorize")
		ofCode := w.token(misID, "legal_entity:read", func(t *storage.AccessToken) {
			t.Session.GrantType = "authorization_code"
		})
		changed := change(current + `"password":"Somewhat-1-Longer-Ї","tax_id":"9"`)
		require.Equal(t, 200, changed.status, changed.raw)
		require.Equal(t, "9", changed.member("data.tax_id"))
		require.Equal(t, 200, w.verify(ofCode).status)
		require.Equal(t, 401, w.verify(signIn).status, "whoever knew the old password may have signed in")
		require.Equal(t, 201, w.login(byPassword("password", "Somewhat-1-Longer-Ї")).status)
		require.Equal(t, 404, w.admin(http.MethodPatch, "users/"+uuid.NewString()+"/actions/change_password",
			`{"user":{}}`).status)
	})
}

func TestReasonOfABlockIsThatOfTheLastAction(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		act := func(action, body string) reply {
			return w.admin(http.MethodPatch, "users/"+doctorID+"/actions/"+action, body)
		}
		for _, body := range []string{`{"user":"x"}`, `{"user":null}`, `{"block_reason":"x"}`, `[]`, ``} {
			if body == `[]` {
				require.Equal(t, 400, act("block", body).status, "no JSON object")
				continue
			}
			blocked := act("block", body)
			require.Equal(t, 200, blocked.status, blocked.raw)
			reason, _ := blocked.at("data.block_reason")
			require.Nil(t, reason, body)
			freed := act("unblock", `{"user":{"block_reason":"good boy"}}`)
			require.Equal(t, "good boy", freed.member("data.block_reason"), freed.raw)
		}
		require.Equal(t, map[string]string{"$.block_reason": "cast"},
			w.entries(act("block", `{"user":{"block_reason":7}}`)))
		require.Equal(t, 409, act("unblock", "").status)
	})
}

func TestDeletingAUserDeletesTheirClients(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.change(hospitalID, func(c *storage.Client) { c.OwnerID = doctorID })
		require.Equal(t, 204, w.admin(http.MethodDelete, "users/"+doctorID, "").status)
		require.Equal(t, 404, w.admin(http.MethodGet, "clients/"+hospitalID, "").status)
		require.Equal(t, 200, w.admin(http.MethodGet, "clients/"+misID, "").status)
		require.Empty(t, w.ids(w.admin(http.MethodGet, "user_roles", "")))
		require.Equal(t, 404, w.admin(http.MethodDelete, "users/"+doctorID, "").status)
	})
}
