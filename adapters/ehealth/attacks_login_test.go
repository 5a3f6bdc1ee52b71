package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// ofNewClients gives a client the policies that those have which are not imported.
func ofNewClients(c *storage.Client) {
	c.Policy.LoginScope, c.Policy.RefreshScope = storage.LoginScopeRoles, storage.RefreshScopeCurrent
	c.Policy.FactorChange = storage.FactorChangeRecent
}

// signsIn makes the hospital a client that people sign in to by the login API.
func (w *world) signsIn(changes ...func(*storage.Client)) {
	w.change(hospitalID, func(c *storage.Client) {
		c.Settings = []byte(`{"allowed_grant_types":["password","digital_signature"]}`)
		c.PrivateSettings = []byte(`{"access_type":"DIRECT"}`)
		for _, change := range changes {
			change(c)
		}
	})
}

// events counts the audit events of a kind.
func (w *world) events(kind string) []storage.Event {
	events, err := w.store.ListEvents(w.t.Context(), storage.EventFilter{Kind: kind, Limit: 100})
	w.must(err)
	return events
}

// Whoever has an account asks the login API for all that the client's type has, without a role that gives it.
func TestAttackLoginWithoutARoleGetsTheScopesOfTheClientType(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.signsIn(ofNewClients)
		const outside = "User requested scope that is not allowed by role based access policies."
		ask := func(scope string) reply { return w.login(byPassword("client_id", hospitalID, "scope", scope)) }
		w.rejected(ask("legal_entity:read legal_entity:write"), 422, "request_malformed", outside)
		require.Equal(t, http.StatusCreated, ask("legal_entity:read employee:read").status, "what the role gives")
		w.must(w.store.RevokeRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID))
		w.rejected(ask("legal_entity:read"), 422, "request_malformed", outside)
		w.change(frontID, ofNewClients)
		require.Equal(t, http.StatusCreated, w.login(byPassword("scope", "app:authorize user:read")).status,
			"these need no role")

		w.factor(doctorPhone)
		w.rejected(ask("legal_entity:read"), 422, "request_malformed", outside)
		require.Empty(t, w.components.texts[doctorPhone], "nobody is sent a code for what will be refused")
	})
}

// A role that is lost between the password and the code is not in the token that the code completes.
func TestAttackASecondFactorCompletesASignInWhoseRoleIsGone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.signsIn(ofNewClients)
		w.factor(doctorPhone)
		half := w.login(byPassword("client_id", hospitalID, "scope", "legal_entity:read"))
		require.Equal(t, "REQUEST_OTP", half.member("urgent.next_step"), half.raw)
		w.must(w.store.RevokeRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID))
		w.rejected(w.twoFactor(half.member("data.value"), w.components.code(doctorPhone)), 422, "request_malformed",
			"User requested scope that is not allowed by role based access policies.")
	})
}

// An operator has said that a scope needs a digital signature; a password must not give it, whatever the client's
// policy.
func TestAttackLoginByPasswordGetsAScopeThatRequiresASignature(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, change := range []func(*storage.Client){ofNewClients, func(*storage.Client) {}} {
			w := newWorld(t, engine)
			w.signsIn(change)
			w.must(w.store.PutScope(t.Context(), storage.Scope{
				Name: "legal_entity:read", GovernedBy: storage.GovernedByRole, LoginForm: storage.LoginFormPassword,
				Assurance: storage.AssuranceSignature,
			}))
			const weak = "The sign-in is weaker than a requested scope demands."
			w.rejected(w.login(byPassword("client_id", hospitalID, "scope", "legal_entity:read")), 403, "forbidden", weak)
			w.factor(doctorPhone)
			w.rejected(w.login(byPassword("client_id", hospitalID, "scope", "legal_entity:read")), 403, "forbidden", weak)
			require.Empty(t, w.components.texts[doctorPhone])
			require.Equal(t, http.StatusCreated, w.login(byPassword("client_id", hospitalID, "scope", "employee:read")).status)
		}
	})
}

// An imported client goes on as it did, and the audit tells an operator of each token that roles would not have given.
func TestAuditRecordsScopesBeyondTheRolesAtAnImportedClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.signsIn()
		require.Equal(t, http.StatusCreated,
			w.login(byPassword("client_id", hospitalID, "scope", "legal_entity:read")).status)
		require.Empty(t, w.events("login_scope_beyond_roles"))
		got := w.login(byPassword("client_id", hospitalID, "scope", "legal_entity:read legal_entity:write"))
		require.Equal(t, http.StatusCreated, got.status, got.raw)
		events := w.events("login_scope_beyond_roles")
		require.Len(t, events, 1)
		require.Equal(t, "legal_entity:write", events[0].Details["scope"])
		require.Equal(t, hospitalID, events[0].ClientID)
		require.Equal(t, doctorID, events[0].UserID)
	})
}

// A token goes on with a scope of a role that was taken away.
func TestAttackATokenOutlivesTheRoleThatGaveItsScope(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.signsIn(ofNewClients)
		kept := w.token(hospitalID, "user:read")
		ask := func(token string) int {
			return w.send(http.MethodGet, "/oauth/user", headers("Authorization", "Bearer "+token), "").status
		}
		nurses := storage.Role{ID: uuid.NewString(), Name: "NURSE", Scope: []string{"legal_entity:read"}}
		w.must(w.store.CreateRole(t.Context(), nurses))
		w.must(w.store.GrantRole(t.Context(), doctorID, nurses.ID, ""))
		for _, c := range []struct {
			scope string
			lose  func() error
		}{
			{"legal_entity:read", func() error {
				return w.store.RevokeRole(t.Context(), doctorID, w.doctorRole.ID, hospitalID)
			}},
			{"legal_entity:read", func() error {
				return w.store.UpdateRole(t.Context(), storage.Role{ID: nurses.ID, Name: "NURSE", Scope: []string{"employee:read"}})
			}},
			{"employee:read", func() error { return w.store.DeleteRole(t.Context(), nurses.ID) }},
		} {
			token := w.token(hospitalID, "user:read "+c.scope)
			require.Equal(t, http.StatusOK, ask(token))
			w.must(c.lose())
			require.Equal(t, http.StatusUnauthorized, ask(token))
			require.Equal(t, http.StatusOK, ask(kept), "one without a scope of the role stays")
		}
	})
}

// The login API knows the phone alone. Whoever has another second factor is not let in by the password through it, nor
// by a phone that the password alone could set.
func TestAttackLoginAPILeavesOutASecondFactorThatItDoesNotKnow(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		w.factor("")
		begun := w.login(byPassword()).member("data.value")
		w.must(w.store.CreateAuthenticator(t.Context(), storage.Authenticator{
			ID: uuid.NewString(), UserID: doctorID, Name: "phone", Secret: []byte("secret"), IsActive: true,
		}))
		const elsewhere = "The second factor of this user is asked for on the sign-in page only."
		w.rejected(w.login(byPassword()), 403, "forbidden", elsewhere)
		w.rejected(w.action("init_factor", begun, `{"type":"SMS","factor":"`+doctorPhone+`"}`), 403, "forbidden", elsewhere)
		require.Empty(t, w.components.texts[doctorPhone])

		factor, err := w.store.FindAuthenticationFactor(t.Context(), doctorID, "SMS")
		w.must(err)
		factor.Factor = doctorPhone
		w.must(w.store.UpdateAuthenticationFactor(t.Context(), *factor))
		require.Equal(t, "REQUEST_OTP", w.login(byPassword()).member("urgent.next_step"), "the phone is as good as ever")
	})
}
