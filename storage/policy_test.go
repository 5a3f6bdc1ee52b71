package storage_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func policy(t *testing.T, preset string) storage.Policy {
	t.Helper()
	p, err := storage.NewPolicy(preset)
	require.NoError(t, err)
	return p
}

func TestEveryPresetIsValid(t *testing.T) {
	for _, preset := range []string{storage.PresetStandard, storage.PresetEHealth, storage.PresetMithril} {
		require.NoError(t, policy(t, preset).Validate(), preset)
	}
}

func TestAnUnknownPresetIsRefused(t *testing.T) {
	_, err := storage.NewPolicy("hydra")
	require.ErrorContains(t, err, `"hydra"`)
}

func TestPresetsDifferAsDocumented(t *testing.T) {
	standard, ehealth := policy(t, storage.PresetStandard), policy(t, storage.PresetEHealth)
	require.Equal(t, storage.AccessTokenJWT, standard.AccessToken)
	require.Equal(t, storage.RefreshRotate, standard.Refresh)
	require.Equal(t, storage.CodeReplayRevoke, standard.CodeReplay)
	require.Equal(t, time.Minute, standard.CodeLifetime)
	require.Equal(t, storage.AccessTokenOpaque, ehealth.AccessToken)
	require.Equal(t, storage.RefreshReuse, ehealth.Refresh)
	require.Equal(t, storage.CodeReplayRefuse, ehealth.CodeReplay)
	require.Equal(t, 5*time.Minute, ehealth.CodeLifetime)

	// What comes from mithril differs from a new eHealth client in these two settings and no other.
	mithril := policy(t, storage.PresetMithril)
	require.Equal(t, storage.RefreshScopeCurrent, mithril.RefreshScope)
	require.Equal(t, 7*24*time.Hour, mithril.RefreshLifetime)
	mithril.RefreshScope, mithril.RefreshLifetime = ehealth.RefreshScope, ehealth.RefreshLifetime
	require.Equal(t, ehealth, mithril)
}

func TestOnlyConnectionsOfThePresetMithrilMatchByPrefix(t *testing.T) {
	for _, preset := range []string{storage.PresetStandard, storage.PresetEHealth} {
		var c storage.Connection
		c.ApplyPreset(preset)
		require.Equal(t, storage.RedirectMatchExact, c.RedirectMatch, preset)
		require.True(t, c.RequireScope, preset)
		require.Equal(t, storage.RefreshBoundToConnection, c.RefreshBoundTo, preset)
	}
	c := storage.Connection{RequireScope: true}
	c.ApplyPreset(storage.PresetMithril)
	require.Equal(t, storage.RedirectMatchPrefix, c.RedirectMatch)
	require.False(t, c.RequireScope)
	require.Equal(t, storage.RefreshBoundToClient, c.RefreshBoundTo)
}

func TestValidationNamesEveryWrongSettingAtOnce(t *testing.T) {
	for name, spoil := range map[string]func(*storage.Policy){
		"access_token":          func(p *storage.Policy) { p.AccessToken = "paseto" },
		"access_token_typ":      func(p *storage.Policy) { p.AccessTokenTyp = "jwt" },
		"token_form":            func(p *storage.Policy) { p.TokenForm = "" },
		"refresh_issued":        func(p *storage.Policy) { p.RefreshIssued = "never" },
		"refresh":               func(p *storage.Policy) { p.Refresh = "Rotate" },
		"refresh_grace":         func(p *storage.Policy) { p.RefreshGrace = -time.Second },
		"refresh_retry":         func(p *storage.Policy) { p.RefreshRetry = 24*time.Hour + time.Second },
		"refresh_scope":         func(p *storage.Policy) { p.RefreshScope = "all" },
		"refresh_lifetime_from": func(p *storage.Policy) { p.RefreshLifetimeFrom = "now" },
		"code_replay":           func(p *storage.Policy) { p.CodeReplay = "allow" },
		"code_lifetime":         func(p *storage.Policy) { p.CodeLifetime = 0 },
		"access_lifetime":       func(p *storage.Policy) { p.AccessLifetime = -5 * time.Second },
		"refresh_lifetime":      func(p *storage.Policy) { p.RefreshLifetime = 0 },
	} {
		p := policy(t, storage.PresetStandard)
		spoil(&p)
		require.ErrorContains(t, p.Validate(), name+" is ")
	}

	p := policy(t, storage.PresetStandard)
	p.AccessToken, p.CodeLifetime = "", 0
	err := p.Validate()
	require.ErrorContains(t, err, "access_token is ")
	require.ErrorContains(t, err, "code_lifetime is ")
}

// The janitor finds the clients of the legacy form by this text in their rows.
func TestStoredPolicyHasTheTokenFormThatTheJanitorSearchesFor(t *testing.T) {
	stored, err := json.Marshal(policy(t, storage.PresetEHealth))
	require.NoError(t, err)
	require.Contains(t, string(stored), `"token_form":"legacy"`)
}

func TestPolicyHasItsLifetimesInSecondsInItsJSON(t *testing.T) {
	want := policy(t, storage.PresetEHealth)
	want.Trusted = true
	stored, err := json.Marshal(want)
	require.NoError(t, err)
	for _, member := range []string{
		`"refresh_grace":30`, `"refresh_retry":14400`, `"code_lifetime":300`, `"access_lifetime":2592000`,
		`"refresh_lifetime":2592000`, `"trusted":true`, `"refresh":"reuse"`,
	} {
		require.Contains(t, string(stored), member)
	}
	var got storage.Policy
	require.NoError(t, json.Unmarshal(stored, &got))
	require.Equal(t, want, got)

	require.NoError(t, json.Unmarshal([]byte(`{"access_lifetime":600,"refresh_retry":null}`), &got))
	require.Equal(t, 10*time.Minute, got.AccessLifetime)
	require.Equal(t, want.RefreshRetry, got.RefreshRetry, "what is absent stays")
	require.Error(t, json.Unmarshal([]byte(`{"access_lifetime":18446744074}`), &got), "longer than a duration can be")
}
