package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorBlocksAListOfPeopleOnceItWasShown(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		desk, _ := s.operator("desk@example.com", operator.Read, operator.Users)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		first, second := s.person("first@example.com", false), s.person("second@example.com", false)
		gone := s.person("gone@example.com", false)
		require.NoError(t, s.store.BlockUser(t.Context(), gone.ID, "left"))
		b := s.browser()
		b.signIn(desk.Email)
		blocked := func(u storage.User) bool {
			user, err := s.store.FindUser(t.Context(), u.ID)
			require.NoError(t, err)
			return user.IsBlocked
		}
		form := url.Values{"people": {strings.Join([]string{
			"FIRST@example.com", first.ID, second.ID, gone.Email, "nobody@example.com", admin.Email, desk.Email,
		}, "\r\n")}}
		p := b.act("bulk-block", form)
		for _, want := range []string{
			"Will change (2)", "nobody@example.com", "gone@example.com", "admin@example.com", "desk@example.com",
		} {
			require.Contains(t, p.body, want)
		}
		require.False(t, blocked(first), "nothing is done before it was shown")
		form.Set("seen", p.hidden(t, "seen"))
		require.Contains(t, b.act("bulk-block", form).body, "The people are blocked.")
		require.True(t, blocked(first) && blocked(second))
		require.False(t, blocked(admin) || blocked(desk))
		require.Equal(t, "desk@example.com", s.lastEvent(storage.EventUserBlocked).Details["operator"])

		form.Del("seen")
		form.Set("seen", b.act("bulk-unblock", form).hidden(t, "seen"))
		require.Contains(t, b.act("bulk-unblock", form).body, "The people are unblocked.")
		require.False(t, blocked(first) || blocked(second) || blocked(gone))

		many := ""
		for range 101 {
			many += s.store.NewID() + " "
		}
		for _, list := range []string{" ", many} {
			p := b.act("bulk-block", url.Values{"people": {list}})
			require.Equal(t, http.StatusUnprocessableEntity, p.status)
		}
	})
}
