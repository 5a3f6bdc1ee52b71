package jwks

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

func sign(tb testing.TB, set *Set, algorithm string) string {
	tb.Helper()
	token, err := set.Sign(algorithm, "at+jwt", map[string]any{"sub": "doctor"})
	require.NoError(tb, err)
	return token
}

func keyIDOf(tb testing.TB, token string) string {
	tb.Helper()
	parsed, err := jose.ParseSignedCompact(token, acceptedAlgorithms(SupportedAlgorithms))
	require.NoError(tb, err)
	return parsed.Signatures[0].Protected.KeyID
}

func publishedKeyIDs(tb testing.TB, set *Set) []string {
	tb.Helper()
	var published jose.JSONWebKeySet
	require.NoError(tb, json.Unmarshal(set.Document(), &published))
	var ids []string
	for _, k := range published.Keys {
		ids = append(ids, k.KeyID)
	}
	return ids
}

func statesByID(set *Set) map[string]State {
	states := map[string]State{}
	for _, k := range set.Keys() {
		states[k.ID] = k.State
	}
	return states
}

func TestAKeyIsPendingThenActiveThenRetiredThenGone(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	oldToken := sign(t, set, ES256)
	oldID := keyIDOf(t, oldToken)

	require.NoError(t, set.Rotate(context.Background(), ES256))
	ids := publishedKeyIDs(t, set)
	require.Len(t, ids, 2, "the next key is published before it signs")
	require.Equal(t, oldID, ids[0], "the active key comes first")
	newID := ids[1]
	require.Equal(t, map[string]State{oldID: Active, newID: Prepublished}, statesByID(set))

	store.clock.Advance(10*time.Minute - time.Second)
	require.Equal(t, oldID, keyIDOf(t, sign(t, set, ES256)), "pending keys do not sign")

	store.clock.Advance(time.Second)
	newToken := sign(t, set, ES256)
	require.Equal(t, newID, keyIDOf(t, newToken))
	require.Equal(t, map[string]State{oldID: Retired, newID: Active}, statesByID(set))
	require.Equal(t, []string{newID, oldID}, publishedKeyIDs(t, set))
	_, _, err := set.Verify(oldToken)
	require.NoError(t, err, "retired keys verify")

	store.clock.Advance(31*day - time.Second)
	_, _, err = set.Verify(oldToken)
	require.NoError(t, err)

	store.clock.Advance(time.Second)
	_, _, err = set.Verify(oldToken)
	require.ErrorIs(t, err, ErrInvalidToken, "gone keys are refused without a reload")
	require.Equal(t, []string{newID}, publishedKeyIDs(t, set))
	require.Equal(t, map[string]State{newID: Active}, statesByID(set))
	_, _, err = set.Verify(newToken)
	require.NoError(t, err)

	require.NoError(t, set.Maintain(context.Background()))
	require.Equal(t, 1, store.count(), "gone keys are deleted")
}

func TestTheFirstLoadMakesOneActiveKeyPerAlgorithm(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store)
	var algorithms []string
	for _, k := range set.Keys() {
		require.Equal(t, Active, k.State)
		require.Equal(t, store.clock.Now(), k.ActivatesAt)
		require.True(t, k.RetiresAt.IsZero())
		require.True(t, k.ExpiresAt.IsZero())
		algorithms = append(algorithms, k.Algorithm)
	}
	require.Equal(t, []string{RS256, ES256, EdDSA}, algorithms)

	require.NoError(t, set.Load(context.Background()))
	require.Equal(t, 3, store.count(), "the second load makes none")
}

func TestFirstKeySignsAlsoOnAReplicaWithASlowClock(t *testing.T) {
	store := newMemoryStore()
	loadedSet(t, store, ES256)
	lagging := func() time.Time { return store.clock.Now().Add(-3 * time.Second) }
	set := New(store, Options{Algorithms: []string{ES256}, Now: lagging})
	require.NoError(t, set.Load(context.Background()))
	sign(t, set, ES256)
	require.Equal(t, Active, set.Keys()[0].State)
}

func TestAnAlgorithmTakenOffTheListVerifiesButSignsNoMore(t *testing.T) {
	store := newMemoryStore()
	token := sign(t, loadedSet(t, store, ES256, EdDSA), ES256)
	set := loadedSet(t, store, EdDSA)

	_, err := set.Sign(ES256, "JWT", []byte(`{}`))
	require.ErrorIs(t, err, ErrNoKey)
	require.ErrorIs(t, set.Rotate(context.Background(), ES256), ErrNoKey)
	_, _, err = set.Verify(token)
	require.NoError(t, err)
	require.Contains(t, publishedKeyIDs(t, set), keyIDOf(t, token))
	require.Equal(t, Retired, statesByID(set)[keyIDOf(t, token)])
}

func TestASetWithoutKeysFailsClosed(t *testing.T) {
	other := loadedSet(t, newMemoryStore(), ES256)
	set := New(newMemoryStore(), Options{})
	_, err := set.Sign(ES256, "JWT", []byte(`{}`))
	require.ErrorIs(t, err, ErrNoKey)
	_, _, err = set.Verify(sign(t, other, ES256))
	require.ErrorIs(t, err, ErrInvalidToken)
	require.JSONEq(t, `{"keys":[]}`, string(set.Document()))
	require.Empty(t, set.Keys())
}

func TestLoadRefusesDamagedAndInconsistentKeys(t *testing.T) {
	good, err := newStoredKey(ES256, time.Unix(1, 0), time.Unix(1, 0))
	require.NoError(t, err)
	foreign, garbage := good, good
	foreign.Algorithm = RS256
	garbage.PrivateKey = []byte("not DER")
	for name, row := range map[string]StoredKey{"a key of another algorithm": foreign, "no key at all": garbage} {
		t.Run(name, func(t *testing.T) {
			store := newMemoryStore()
			set := loadedSet(t, store, ES256)
			store.keys = append(store.keys, row)
			require.Error(t, set.Load(context.Background()))
			sign(t, set, ES256)
		})
	}
	t.Run("an algorithm that is not ours", func(t *testing.T) {
		set := New(newMemoryStore(), Options{Algorithms: []string{"HS256"}})
		require.ErrorIs(t, set.Load(context.Background()), ErrAlgorithm)
	})
	t.Run("a store that fails", func(t *testing.T) {
		store := newMemoryStore()
		set := loadedSet(t, store, ES256)
		store.fault = errors.New("connection refused")
		require.ErrorIs(t, set.Load(context.Background()), store.fault)
		sign(t, set, ES256)
	})
}
