package jwks

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRememberedSignatureIsRefusedOnceItsKeyIsTakenAway(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	token := sign(t, set, ES256)
	for range 2 {
		payload, typ, err := set.Verify(token)
		require.NoError(t, err)
		require.JSONEq(t, `{"sub":"doctor"}`, string(payload))
		require.Equal(t, "at+jwt", typ)
	}
	require.Equal(t, 1, set.verified.byHash.Len())

	store.keys = nil
	require.NoError(t, set.Load(context.Background()))
	_, _, err := set.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestAttackRefusedTokensAreNotRemembered(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), EdDSA)
	token := sign(t, set, EdDSA)
	for i := range 100 {
		_, _, err := set.Verify(token[:len(token)-1-i])
		require.ErrorIs(t, err, ErrInvalidToken)
	}
	require.Zero(t, set.verified.byHash.Len())
}

func TestRememberedSignaturesAreBoundedInNumberAndSize(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), EdDSA)
	long, err := set.Sign(EdDSA, "at+jwt", map[string]any{"sub": strings.Repeat("x", maxVerifiedBytes)})
	require.NoError(t, err)
	_, _, err = set.Verify(long)
	require.NoError(t, err)
	require.Zero(t, set.verified.byHash.Len())

	for i := range maxVerified + 10 {
		token, err := set.Sign(EdDSA, "at+jwt", map[string]any{"jti": i})
		require.NoError(t, err)
		_, _, err = set.Verify(token)
		require.NoError(t, err)
	}
	require.Equal(t, maxVerified, set.verified.byHash.Len())
}

func BenchmarkVerify(b *testing.B) {
	set := loadedSet(b, newMemoryStore(), ES256)
	token := sign(b, set, ES256)
	b.Run("first time", func(b *testing.B) {
		for b.Loop() {
			if _, err := set.verifySignature(token, SupportedAlgorithms); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := set.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
}
