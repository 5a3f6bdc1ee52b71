package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorMakesChangesAndDeletesAPerson(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		b := s.browser()
		b.signIn(admin.Email)
		for name, wrong := range map[string]url.Values{
			"no address": {"email": {" "}}, "an address with a name": {"email": {"Olena <olena@example.com>"}},
			"a taken address":     {"email": {"ADMIN@example.com"}},
			"a tax id of control": {"email": {"x@example.com"}, "tax_id": {"1\u202e2"}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, b.act("new-person", wrong).status, name)
		}
		p := b.act("new-person", url.Values{"email": {"nurse@example.com"}, "tax_id": {"3126509816"}})
		require.Contains(t, p.body, "The account was created.")
		shown := regexp.MustCompile(`id="secret">([^<]+)<`).FindStringSubmatch(p.body)
		require.NotNil(t, shown, p.body)
		nurse, err := s.store.FindUserByEmail(t.Context(), "nurse@example.com")
		require.NoError(t, err)
		require.True(t, nurse.MustChangePassword)
		require.Equal(t, "3126509816", nurse.TaxID)
		require.NotContains(t, nurse.Password, shown[1])
		require.Equal(t, "ticket 4711", s.lastEvent(storage.EventUserCreated).Details["reason"])

		person := "people/" + nurse.ID + "/"
		form := url.Values{"email": {"nurse.koval@example.com"}, "tax_id": {""}, "person_id": {"42"}}
		p = b.act(person+"edit-person", form)
		require.Contains(t, p.body, "nurse@example.com → nurse.koval@example.com")
		require.Contains(t, p.body, "3126509816 → —")
		form.Set("seen", p.hidden(t, "seen"))
		require.Contains(t, b.act(person+"edit-person", form).body, "The account was changed.")
		changed, err := s.store.FindUser(t.Context(), nurse.ID)
		require.NoError(t, err)
		require.Equal(t, "nurse.koval@example.com", changed.Email)
		require.Equal(t, []string{"", "42"}, []string{changed.TaxID, changed.PersonID})

		namesake := storagetest.User(t, s.store, func(u *storage.User) { u.TaxID = "2956813547" })
		p = b.act(person+"edit-person", url.Values{"email": {"nurse.koval@example.com"}, "tax_id": {namesake.TaxID}})
		require.Contains(t, p.body, "None of them can sign in by a signature")
		require.Contains(t, p.body, namesake.Email)

		require.Contains(t, b.console(person+"delete-person").body, "Block it first")
		b.act(person+"block", nil)
		p = b.act(person+"delete-person", url.Values{"confirm": {"nurse@example.com"}})
		require.Equal(t, http.StatusUnprocessableEntity, p.status, "another address")
		p = b.act(person+"delete-person", url.Values{"confirm": {"nurse.koval@example.com"}})
		require.Equal(t, "/console/people", p.url.Path)
		require.Contains(t, p.body, "The account was deleted.")
		_, err = s.store.FindUser(t.Context(), nurse.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.Equal(t, "admin@example.com", s.lastEvent(storage.EventUserDeleted).Details["operator"])
	})
}

// Whoever could change the address or the tax id of an account would get its password link, or sign in for it.
func TestAttackOperatorTakesOverAnAccountByItsAddress(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	desk, _ := s.operator("desk@example.com", operator.Read, operator.Users)
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	home := b.signIn(desk.Email)
	for _, victim := range []storage.User{admin, desk} {
		for _, action := range []string{"edit-person", "delete-person"} {
			p := b.post(s.admin+"/console/people/"+victim.ID+"/"+action, url.Values{
				"token": {home.hidden(t, "token")}, "reason": {"let me in"}, "email": {"evil@example.com"},
				"confirm": {victim.Email},
			})
			require.Equal(t, http.StatusConflict, p.status, action)
		}
		user, err := s.store.FindUser(t.Context(), victim.ID)
		require.NoError(t, err)
		require.Equal(t, victim.Email, user.Email)
	}
}
