package operator_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/inbound"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestRightsOfAScopeAreItsAdminScopesAlone(t *testing.T) {
	scope := []string{"openid", "admin:users", "admin", "admin:everything", "ADMIN:KEYS", "admin:read"}
	require.Equal(t, []operator.Right{operator.Read, operator.Users}, operator.RightsOf(scope))
	require.Empty(t, operator.RightsOf(nil))
}

func TestOperatorHasNoRightByDefault(t *testing.T) {
	for _, right := range operator.Rights() {
		require.False(t, operator.Operator{}.Has(right))
		require.True(t, operator.Operator{Rights: []operator.Right{right}}.Has(right))
	}
	nobody, found := operator.From(t.Context())
	require.False(t, found)
	require.Empty(t, nobody.Rights)
}

func TestOperatorMayNotGiveRightsBeyondTheirOwn(t *testing.T) {
	helpDesk := operator.Operator{Rights: []operator.Right{operator.Read, operator.Users}}
	require.Empty(t, helpDesk.Beyond([]string{"openid", "admin:users", "admin:read"}))
	require.Equal(t, []operator.Right{operator.Audit, operator.Keys},
		helpDesk.Beyond([]string{"admin:keys", "admin:audit"}))
}

func TestOperatorIsTheActorOfTheAudit(t *testing.T) {
	request := inbound.NewRequest("", func() string { return "192.0.2.1" })
	olena := operator.Operator{ID: "5e7dd3a0-3c7f-4c9e-8f5c-0d8f2f3b7a11", Name: "olena@example.com"}
	ctx := olena.With(inbound.WithRequest(t.Context(), request), storage.ByConsole)
	actor, found := storage.ActorOf(ctx)
	require.True(t, found)
	require.Equal(t, storage.Actor{
		By: "console", Operator: "olena@example.com", OperatorID: olena.ID, RequestID: request.ID, Address: "192.0.2.1",
	}, actor)
	known, found := operator.From(ctx)
	require.True(t, found)
	require.Equal(t, olena, known)

	event := storage.ByActor(ctx, storage.Event{Kind: storage.EventUserBlocked, UserID: "somebody else"})
	require.Equal(t, "somebody else", event.UserID, "an event is about whom the change is about")
	require.Equal(t, map[string]string{"by": "console", "operator": "olena@example.com", "operator_id": olena.ID},
		event.Details)
}

func TestRightsOfAUserAreThoseOfTheScopeThatTheRolesStillHave(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		ctx, store := t.Context(), engine.Open(t)
		console := storagetest.Client(t, store, storage.PresetStandard)
		now := store.Now()
		user := storage.User{ID: store.NewID(), Email: "olena@example.com", CreatedAt: now, UpdatedAt: now}
		require.NoError(t, store.CreateUser(ctx, user))
		everywhere := storage.Role{ID: store.NewID(), Name: "viewer", Scope: []string{"admin:read", "patients:view"}}
		atConsole := storage.Role{ID: store.NewID(), Name: "help desk", Scope: []string{"admin:users"}}
		require.NoError(t, store.CreateRole(ctx, everywhere))
		require.NoError(t, store.CreateRole(ctx, atConsole))
		require.NoError(t, store.GrantRole(ctx, user.ID, everywhere.ID, ""))
		require.NoError(t, store.GrantRole(ctx, user.ID, atConsole.ID, console.ID))
		// An entry of the catalogue that says so gives nobody a right.
		require.NoError(t, store.PutScope(ctx, storage.Scope{
			Name: "admin:keys", GovernedBy: storage.GovernedByConsent, LoginForm: storage.LoginFormPassword,
			Assurance: storage.AssurancePassword,
		}))

		rights := func(clientID string, scope ...string) []operator.Right {
			o, err := operator.OfUser(ctx, store, user.ID, clientID, scope)
			require.NoError(t, err)
			require.Equal(t, "olena@example.com", o.Name)
			require.Equal(t, user.ID, o.ID)
			return o.Rights
		}
		all := []string{"admin:audit", "admin:clients", "admin:keys", "admin:read", "admin:users"}
		require.Equal(t, []operator.Right{operator.Read, operator.Users}, rights(console.ID, all...))
		require.Equal(t, []operator.Right{operator.Read}, rights("another", all...))
		require.Equal(t, []operator.Right{operator.Users}, rights(console.ID, "admin:users"), "the scope bounds them")
		held, err := operator.HeldBy(ctx, store, user.ID)
		require.NoError(t, err)
		require.Equal(t, []operator.Right{operator.Read, operator.Users}, held)

		require.NoError(t, store.RevokeRole(ctx, user.ID, atConsole.ID, console.ID))
		require.Equal(t, []operator.Right{operator.Read}, rights(console.ID, all...))
		require.NoError(t, store.BlockUser(ctx, user.ID, "left"))
		require.Empty(t, rights(console.ID, all...))
		_, err = operator.OfUser(ctx, store, store.NewID(), console.ID, all)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}
