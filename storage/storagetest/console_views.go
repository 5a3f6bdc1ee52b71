package storagetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func consoleViews(t *testing.T, s *suite) {
	olena, taras := User(t, s.store), User(t, s.store)
	keep := func(u storage.User, name, query string) error {
		return s.store.KeepConsoleView(t.Context(), storage.ConsoleView{
			ID: s.store.NewID(), UserID: u.ID, Name: name, Query: query,
		})
	}
	list := func(u storage.User) []storage.ConsoleView {
		views, err := s.store.ListConsoleViews(t.Context(), u.ID)
		require.NoError(t, err)
		return views
	}
	t.Run("Each operator has their own views, one of a name", func(t *testing.T) {
		require.NoError(t, keep(olena, "refused", "kind=a"))
		require.NoError(t, keep(olena, "exported", "kind=b"))
		require.NoError(t, keep(olena, "refused", "kind=c"))
		require.NoError(t, keep(taras, "refused", "kind=d"))
		views := list(olena)
		require.Len(t, views, 2)
		require.Equal(t, "exported", views[0].Name)
		require.Equal(t, "kind=c", views[1].Query)
		require.Len(t, list(taras), 1)
		require.ErrorIs(t, s.store.DropConsoleView(t.Context(), taras.ID, views[0].ID), storage.ErrNotFound)
		require.NoError(t, s.store.DropConsoleView(t.Context(), olena.ID, views[0].ID))
		require.ErrorIs(t, s.store.DropConsoleView(t.Context(), olena.ID, views[0].ID), storage.ErrNotFound)
		require.Len(t, list(olena), 1)
	})
	t.Run("An operator has no more than twenty views", func(t *testing.T) {
		for n := range storage.MostConsoleViews - 1 {
			require.NoError(t, keep(taras, fmt.Sprint(n), ""))
		}
		require.ErrorIs(t, keep(taras, "one more", ""), storage.ErrConflict)
		require.NoError(t, keep(taras, "refused", "kind=e"), "one that is there already")
	})
	t.Run("Views go with their operator, and have one to begin with", func(t *testing.T) {
		require.NoError(t, s.store.DeleteUser(t.Context(), taras.ID))
		require.Empty(t, list(taras))
		require.ErrorIs(t, keep(taras, "refused", ""), storage.ErrNotFound)
	})
}
