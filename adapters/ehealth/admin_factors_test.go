package ehealth_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const doctorFactors = "users/" + doctorID + "/authentication_factors"

func TestFactorIsMadeWithItsUserAndAMaskedPhone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		made := w.admin(http.MethodPost, doctorFactors, `{"type":"SMS","factor":"+380881002030"}`)
		require.Equal(t, http.StatusCreated, made.status, made.raw)
		require.NotContains(t, made.raw, "+380881002030")
		id := made.member("data.id")
		require.Equal(t, "/admin/"+doctorFactors+"/"+id, made.header.Get("Location"))
		data, _ := made.at("data")
		require.ElementsMatch(t, []string{
			"id", "factor", "is_active", "type", "user_id", "inserted_at", "updated_at", "user",
		}, names(data))
		require.Equal(t, "+38088*****30", made.member("data.factor"))
		require.Equal(t, doctorEmail, made.member("data.user.email"))
		require.Equal(t, doctorID, made.member("data.user_id"))

		shown := w.admin(http.MethodGet, doctorFactors+"/"+id, "")
		require.Equal(t, http.StatusOK, shown.status, shown.raw)
		require.Equal(t, "+38088*****30", shown.member("data.factor"))
		require.Equal(t, doctorID, shown.member("data.user.id"))
		nurse := storagetest.User(t, w.store)
		require.Equal(t, 404, w.admin(http.MethodGet, "users/"+nurse.ID+"/authentication_factors/"+id, "").status,
			"the factor of somebody else")
		require.Equal(t, 404, w.admin(http.MethodGet, doctorFactors+"/"+uuid.NewString(), "").status)
		require.Equal(t, 400, w.admin(http.MethodGet, doctorFactors+"/1", "").status)
		w.audited("factor_created")
	})
}

func TestFactorIsMadeInactiveAndWithoutAPhone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		for _, factor := range []string{`,"factor":null`, `,"factor":""`, ``} {
			user := storagetest.User(t, w.store)
			path := "users/" + user.ID + "/authentication_factors"
			made := w.admin(http.MethodPost, path, `{"type":"SMS","is_active":false`+factor+`}`)
			require.Equal(t, http.StatusCreated, made.status, made.raw)
			phone, _ := made.at("data.factor")
			require.Nil(t, phone, made.raw)
			active, _ := made.at("data.is_active")
			require.Equal(t, false, active)
		}
	})
}

func TestFactorThatIsRefusedNamesTheFieldAndStoresNothing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		post := func(user, body string) map[string]string {
			return w.entries(w.admin(http.MethodPost, "users/"+user+"/authentication_factors", body))
		}
		require.Equal(t, map[string]string{"$.type": "required"}, post(doctorID, ``))
		require.Equal(t, map[string]string{"$.type": "required"}, post(doctorID, `{"authentication_factor":{"type":"SMS"}}`))
		require.Equal(t, map[string]string{"$.type": "inclusion"}, // which numbers a type has is not known
			post(doctorID, `{"type":"FAX","factor":"380881002030"}`))
		require.Equal(t, map[string]string{"$.factor": "cast", "$.is_active": "cast"},
			post(doctorID, `{"type":"SMS","factor":380881002030,"is_active":"yes"}`))
		require.Equal(t, map[string]string{"$.user": "does not exist"}, post(uuid.NewString(), `{"type":"SMS"}`))
		require.Empty(t, w.ids(w.admin(http.MethodGet, doctorFactors, "")))
		require.Equal(t, 201, w.admin(http.MethodPost, doctorFactors, `{"type":"SMS"}`).status)
		require.Equal(t, map[string]string{"$.user_id": "has already been taken"}, post(doctorID, `{"type":"SMS"}`))
		require.Equal(t, 400, w.admin(http.MethodPost, "users/1/authentication_factors", `{"type":"SMS"}`).status)
	})
}

func TestFactorsAreListedByTypeAndState(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		mail := storage.AuthenticationFactor{
			ID: w.store.NewID(), UserID: doctorID, Type: "EMAIL", Factor: "other@example.com", IsActive: false,
		}
		w.must(w.store.CreateAuthenticationFactor(t.Context(), mail))
		sms := w.admin(http.MethodPost, doctorFactors, `{"type":"SMS","factor":"`+doctorPhone+`"}`).member("data.id")
		list := func(query string) reply { return w.admin(http.MethodGet, doctorFactors+query, "") }
		all := list("")
		require.ElementsMatch(t, []string{mail.ID, sms}, w.ids(all))
		require.NotContains(t, all.raw, doctorPhone)
		require.Contains(t, all.raw, "+38050*****67")
		require.Contains(t, all.raw, "other@example.com", "only phones are masked")
		require.Contains(t, all.raw, `"user":{}`)
		total, _ := all.at("paging.total_entries")
		require.EqualValues(t, 2, total)
		require.Equal(t, []string{sms}, w.ids(list("?type=SMS")))
		require.Empty(t, w.ids(list("?type=sms")), "the type is exact")
		require.Equal(t, []string{mail.ID}, w.ids(list("?is_active=false")))
		require.Equal(t, []string{sms}, w.ids(list("?is_active=1&type=SMS")))
		require.Empty(t, w.ids(list("?is_active=true&type=EMAIL")))
		require.Equal(t, map[string]string{"$.is_active": "cast"}, w.entries(list("?is_active=x")))
		require.Equal(t, map[string]string{"$.user_id": "cast"},
			w.entries(w.admin(http.MethodGet, "users/x/authentication_factors", "")))
		require.Empty(t, w.ids(w.admin(http.MethodGet, "users/"+uuid.NewString()+"/authentication_factors", "")))
	})
}

func TestFactorIsEnabledDisabledAndReset(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		one := doctorFactors + "/" +
			w.admin(http.MethodPost, doctorFactors, `{"type":"SMS","factor":"`+doctorPhone+`"}`).member("data.id") + "/actions/"
		patch := func(action string) reply { return w.admin(http.MethodPatch, one+action, "") }
		w.rejected(patch("enable"), 409, "request_conflict", "user authentication factor already enabled")

		disabled := patch("disable")
		require.Equal(t, 200, disabled.status, disabled.raw)
		active, _ := disabled.at("data.is_active")
		require.Equal(t, false, active, disabled.raw)
		require.Equal(t, doctorEmail, disabled.member("data.user.email"))
		w.rejected(patch("disable"), 409, "request_conflict", "user authentication factor already disabled")
		require.Equal(t, 404, patch("reset").status, "an inactive factor has nothing to reset")
		require.Equal(t, "REQUEST_APPS", w.login(byPassword()).member("urgent.next_step"))

		enabled := patch("enable")
		require.Equal(t, "+38050*****67", enabled.member("data.factor"), enabled.raw)
		require.Equal(t, "REQUEST_OTP", w.login(byPassword()).member("urgent.next_step"))
		for range 2 {
			reset := patch("reset")
			require.Equal(t, 200, reset.status, reset.raw)
			phone, _ := reset.at("data.factor")
			require.Nil(t, phone)
			active, _ := reset.at("data.is_active")
			require.Equal(t, true, active)
		}
		require.Equal(t, "REQUEST_FACTOR", w.login(byPassword()).member("urgent.next_step"))
		require.Equal(t, 404, patch("delete").status)
		w.audited("factor_changed")
	})
}

// names are those of the members of a JSON object.
func names(object any) []string {
	return slices.Collect(maps.Keys(object.(map[string]any)))
}
