package jwks

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

func TestTheDocumentHasPublicMembersOnly(t *testing.T) {
	var published struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(loadedSet(t, newMemoryStore()).Document(), &published))
	members := map[string][]string{
		RS256: {"kty", "kid", "use", "alg", "n", "e"},
		ES256: {"kty", "kid", "use", "alg", "crv", "x", "y"},
		EdDSA: {"kty", "kid", "use", "alg", "crv", "x"},
	}
	require.Len(t, published.Keys, len(members))
	for _, k := range published.Keys {
		var names []string
		for name := range k {
			names = append(names, name)
		}
		require.ElementsMatch(t, members[k["alg"]], names)
		require.Equal(t, "sig", k["use"])
	}
}

func TestTheKidIsTheThumbprintOfTheKey(t *testing.T) {
	var published jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(loadedSet(t, newMemoryStore()).Document(), &published))
	for _, k := range published.Keys {
		thumbprint, err := k.Thumbprint(crypto.SHA256)
		require.NoError(t, err)
		require.Equal(t, base64.RawURLEncoding.EncodeToString(thumbprint), k.KeyID)
	}
}

func TestTheDocumentIsBuiltOncePerState(t *testing.T) {
	store := newMemoryStore()
	set := loadedSet(t, store, ES256)
	require.NoError(t, set.Rotate(context.Background(), ES256))
	first := set.Document()
	store.clock.Advance(9 * time.Minute)
	require.Same(t, &first[0], &set.Document()[0])
	store.clock.Advance(time.Minute)
	require.NotEqual(t, first, set.Document(), "the new key has become active and comes first")
}

func TestThePublishedSetIsNotCachedPastHalfTheTimeThatAKeyIsPending(t *testing.T) {
	for _, example := range []struct{ maxAge, pendingFor, wanted time.Duration }{
		{0, 0, 5 * time.Minute},
		{time.Hour, 0, time.Hour},
		{time.Hour, time.Minute, 30 * time.Second},
		{time.Minute, time.Hour, time.Minute},
	} {
		set := New(newMemoryStore(), Options{MaxAge: example.maxAge, PendingFor: example.pendingFor})
		require.Equal(t, example.wanted, set.MaxAge())
	}
}

func TestAStoredKeyNeverPrintsItsPrivatePart(t *testing.T) {
	stored := StoredKey{ID: "kid", Algorithm: EdDSA, PrivateKey: []byte("opens the door")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("key", "key", stored)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", stored)
	fmt.Fprintf(&log, "%v %+v %s %v", stored, stored, stored, []StoredKey{stored})
	require.NotContains(t, log.String(), "opens the door")
	require.NotContains(t, log.String(), base64.StdEncoding.EncodeToString(stored.PrivateKey))
	require.NotContains(t, log.String(), fmt.Sprint(stored.PrivateKey))
}

func BenchmarkDocument(b *testing.B) {
	set := loadedSet(b, newMemoryStore())
	b.ReportAllocs()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if len(set.Document()) == 0 {
				b.Error("no document")
				return
			}
		}
	})
}
