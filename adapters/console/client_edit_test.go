package console_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestAnOperatorChangesScopesAndPoliciesOfAClientAndDeletesIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Name, c.Scope = "Клініка", []string{"openid", "patients:view"}
		})
		b := s.browser()
		b.signIn(admin.Email)
		path := "clients/" + client.ID + "/"
		seen := func(action string, form url.Values) page {
			p := b.act(path+action, form)
			require.Equal(t, http.StatusOK, p.status, p.body)
			form.Set("seen", p.hidden(t, "seen"))
			return p
		}
		form := url.Values{
			"name": {"Клініка № 2"}, "scope": {"openid labs:view"}, "contacts": {"it@clinic.example head@clinic.example"},
		}
		p := seen("edit-client", form)
		for _, want := range []string{"Клініка → Клініка № 2", "labs:view", "patients:view"} {
			require.Contains(t, p.body, want)
		}
		require.Contains(t, b.act(path+"edit-client", form).body, "The client was changed.")
		for name, wrong := range map[string]url.Values{
			"no name": {"name": {" "}}, "a broken scope": {"name": {"x"}, "scope": {`a"b`}},
			"no address": {"name": {"x"}, "contacts": {"it"}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, b.act(path+"edit-client", wrong).status, name)
		}

		form = url.Values{"access_lifetime": {"600"}, "require_state": {"true"}, "refresh": {"reuse"}}
		p = seen("change-policy", form)
		for _, want := range []string{"3600 → 600", "false → true", "rotate → reuse"} {
			require.Contains(t, p.body, want)
		}
		require.Contains(t, b.act(path+"change-policy", form).body, "The policies were changed.")
		changed, err := s.store.LoadClient(t.Context(), client.ID)
		require.NoError(t, err)
		require.Equal(t, []string{"openid", "labs:view"}, changed.Scope)
		wanted := client.Policy
		wanted.AccessLifetime, wanted.RequireState, wanted.Refresh = 10*time.Minute, true, storage.RefreshReuse
		require.Equal(t, wanted, changed.Policy)
		require.Equal(t, []string{"it@clinic.example", "head@clinic.example"}, changed.Metadata.Contacts)
		changed.Metadata.Contacts = nil
		require.Equal(t, client.Metadata, changed.Metadata)
		for name, wrong := range map[string]url.Values{
			"a word for seconds": {"access_lifetime": {"soon"}}, "too long": {"access_lifetime": {"99999999"}},
			"no policy": {"refresh": {"never"}}, "a profile that demands more": {"profile": {storage.ProfileFAPI2}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, b.act(path+"change-policy", wrong).status, name)
		}

		require.Contains(t, b.console(path+"settings").body, client.ID)
		require.Contains(t, b.console(path+"delete-client").body, "Block it first")
		b.act(path+"block-client", nil)
		p = b.act(path+"delete-client", url.Values{"confirm": {"Клініка"}})
		require.Equal(t, http.StatusUnprocessableEntity, p.status, "another name")
		p = b.act(path+"delete-client", url.Values{"confirm": {"Клініка № 2"}})
		require.Equal(t, "/console/clients", p.url.Path)
		require.Contains(t, p.body, "The client was deleted.")
		_, err = s.store.LoadClient(t.Context(), client.ID)
		require.ErrorIs(t, err, storage.ErrNotFound)
	})
}

func TestAnOperatorTriesAClientAsItsDeveloperWould(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		web := storagetest.Client(t, s.store, storage.PresetStandard)
		legacy := storagetest.Client(t, s.store, storage.PresetEHealth, func(c *storage.Client) {
			c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodPost
		})
		machine := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) {
			c.Metadata.GrantTypes, c.Metadata.ResponseTypes = []string{"client_credentials"}, nil
			c.Scope = []string{"patients:view"}
		})
		b := s.browser()
		b.signIn(admin.Email)
		try := func(c *storage.Client, form url.Values) page {
			form.Del("reason")
			p := b.act("clients/"+c.ID+"/trial", form)
			require.Equal(t, http.StatusOK, p.status, p.body)
			if form.Has("secret") {
				require.NotContains(t, p.body, form.Get("secret"), "no secret comes back")
			}
			return p
		}
		for _, c := range []*storage.Client{web, legacy} {
			right := storagetest.SecretOf(c.Connections[0].ID)
			p := try(c, url.Values{"redirect_uri": {storagetest.RedirectURI}, "scope": {"openid"}, "secret": {right}})
			require.Contains(t, p.body, "leads to the sign-in")
			require.Contains(t, p.body, "The secret is accepted")
			require.Contains(t, p.body, s.issuer+"/oauth2/authorize?client_id="+c.ID)
			p = try(c, url.Values{"redirect_uri": {storagetest.RedirectURI}, "scope": {"openid"}, "secret": {"another-secret"}})
			require.Contains(t, p.body, "invalid_client")
		}
		p := try(web, url.Values{"redirect_uri": {"https://evil.example/"}, "scope": {"openid"}})
		require.Contains(t, p.body, "invalid_request")
		require.NotContains(t, p.body, "leads to the sign-in")
		require.Equal(t, "admin@example.com", s.lastEvent(storage.EventClientTried).Details["operator"])
		secret := storagetest.SecretOf(machine.Connections[0].ID)
		require.Contains(t, try(machine, url.Values{"scope": {"patients:view"}, "secret": {secret}}).body,
			"A token was issued: patients:view")
		require.Contains(t, try(machine, url.Values{"scope": {"labs:view"}, "secret": {secret}}).body, "invalid_scope")
	})
}

func TestAClientIsReachedWhateverItsIDHasInIt(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(admin.Email)
	for _, id := range []string{
		"https://clinic.example/app", "a/b", "%2F", "a%b", "..", ".", "a b", "x?y#z", "клініка", "new-client", `a\b`,
	} {
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.ID = id })
		p := b.console("clients?name=" + url.QueryEscape(client.Name))
		require.Contains(t, p.body, client.ID)
		link := linkTo(t, p, client.ID)
		p = b.get(s.admin + link)
		require.Equal(t, http.StatusOK, p.status, id)
		require.Contains(t, p.body, "Redirect URIs", id)
		path := link[len("/console/"):]
		require.Contains(t, b.act(path+"/block-client", nil).body, "Reason: ticket 4711", id)
		blocked, err := s.store.LoadClient(t.Context(), id)
		require.NoError(t, err)
		require.True(t, blocked.IsBlocked, id)
		require.NoError(t, s.store.DeleteClient(t.Context(), id))
	}
}
