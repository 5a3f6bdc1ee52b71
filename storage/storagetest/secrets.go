package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/seal"
)

func secrets(t *testing.T, s *suite) {
	t.Run("A random key is made once for all processes", func(t *testing.T) {
		key, err := s.store.RandomKey(t.Context(), "cookies", 32)
		require.NoError(t, err)
		require.Len(t, key, 32)
		same, err := s.open(t).RandomKey(t.Context(), "cookies", 32)
		require.NoError(t, err)
		require.Equal(t, key, same)
		other, err := s.store.RandomKey(t.Context(), "pairwise", 32)
		require.NoError(t, err)
		require.NotEqual(t, key, other)
		_, err = s.open(t).RandomKey(t.Context(), "cookies", 64)
		require.Error(t, err)
	})
	t.Run("A key sealed under another master secret is an error", func(t *testing.T) {
		_, err := s.store.RandomKey(t.Context(), "token", 32)
		require.NoError(t, err)
		stranger := s.open(t, under(t, "another master secret, long enough"))
		_, err = stranger.RandomKey(t.Context(), "token", 32)
		require.ErrorIs(t, err, seal.ErrSealed)
		_, err = stranger.Reseal(t.Context())
		require.ErrorIs(t, err, seal.ErrSealed)
	})
	t.Run("Master secrets rotate and change nothing else", func(t *testing.T) { masterSecretsRotate(t, s) })
}

// under seals by the first of the master secrets and opens by all.
func under(t *testing.T, masters ...string) func(*storage.Options) {
	t.Helper()
	var all [][]byte
	for _, m := range masters {
		all = append(all, []byte(m))
	}
	sealer, err := seal.New(all...)
	require.NoError(t, err)
	return func(o *storage.Options) { o.Sealer = sealer }
}

func masterSecretsRotate(t *testing.T, s *suite) {
	const next = "the next master secret, long enough"
	ctx := t.Context()
	u := User(t, s.store)
	factor := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: u.ID, Type: "TOTP", Secret: []byte("seed")}
	require.NoError(t, s.store.CreateAuthenticationFactor(ctx, factor))
	without := storage.AuthenticationFactor{ID: s.store.NewID(), UserID: u.ID, Type: "SMS"}
	require.NoError(t, s.store.CreateAuthenticationFactor(ctx, without))
	authenticator := s.authenticator(t, u.ID, "phone")
	signing := s.signingKey("RS256")
	_, err := s.store.ReplaceSigningKey(ctx, "", signing, time.Time{}, time.Time{})
	require.NoError(t, err)
	key, err := s.store.RandomKey(ctx, "cookies", 32)
	require.NoError(t, err)
	s.mail(t)

	both := s.open(t, under(t, next, string(Secret())))
	changed, err := both.Reseal(ctx)
	require.NoError(t, err)
	sealed := s.count(t, "secrets", "sealed <> $1", "") + s.count(t, "signing_keys", "sealed <> $1", "") +
		s.count(t, "authentication_factors", "sealed <> $1", "") + s.count(t, "mails", "sealed <> $1", "") +
		s.count(t, "authenticators", "sealed <> $1", "")
	require.EqualValues(t, sealed, changed)
	changed, err = both.Reseal(ctx)
	require.NoError(t, err)
	require.Zero(t, changed)

	alone := s.open(t, under(t, next))
	found, err := alone.FindAuthenticationFactor(ctx, u.ID, "TOTP")
	require.NoError(t, err)
	require.Equal(t, factor.Secret, found.Secret)
	kept, err := alone.ListAuthenticators(ctx, u.ID)
	require.NoError(t, err)
	require.Equal(t, []storage.Authenticator{authenticator}, kept)
	content, err := alone.OpenMail(s.dueMails(t)[0])
	require.NoError(t, err)
	require.JSONEq(t, mailContent, string(content))
	keys, err := alone.SigningKeys(ctx)
	require.NoError(t, err)
	require.Equal(t, []storage.SigningKey{signing}, keys)
	same, err := alone.RandomKey(ctx, "cookies", 32)
	require.NoError(t, err)
	require.Equal(t, key, same)
}

func settings(t *testing.T, s *suite) {
	t.Run("Putting a setting replaces the stored one", func(t *testing.T) {
		_, err := s.store.Setting(t.Context(), "issuer")
		require.ErrorIs(t, err, storage.ErrNotFound)
		for _, value := range []string{"https://a.example", "https://b.example"} {
			require.NoError(t, s.store.PutSetting(t.Context(), "issuer", value))
		}
		value, err := s.store.Setting(t.Context(), "issuer")
		require.NoError(t, err)
		require.Equal(t, "https://b.example", value)
	})
}
