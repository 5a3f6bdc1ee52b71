package seal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/seal"
)

var (
	olderSecret = []byte(strings.Repeat("o", seal.MinimumSecret))
	newerSecret = []byte(strings.Repeat("n", seal.MinimumSecret))
)

func newSealer(t *testing.T, secrets ...[]byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(secrets...)
	require.NoError(t, err)
	return s
}

func TestSealedTextOpensForItsOwnPurposeOnly(t *testing.T) {
	s := newSealer(t, olderSecret)
	sealed := s.Seal([]byte("private key"), "signing_keys:1")

	plaintext, err := s.Open(sealed, "signing_keys:1")
	require.NoError(t, err)
	require.Equal(t, []byte("private key"), plaintext)

	for _, elsewhere := range []string{"signing_keys:2", "secrets:1", ""} {
		_, err := s.Open(sealed, elsewhere)
		require.ErrorIs(t, err, seal.ErrSealed, elsewhere)
	}
}

func TestSealingTheSameTextTwiceDiffers(t *testing.T) {
	s := newSealer(t, olderSecret)
	first, second := s.Seal([]byte("same"), "place"), s.Seal([]byte("same"), "place")
	require.NotEqual(t, first, second)
	require.NotContains(t, first, "same")
}

func TestAnEmptyTextIsSealedToo(t *testing.T) {
	s := newSealer(t, olderSecret)
	plaintext, err := s.Open(s.Seal(nil, "place"), "place")
	require.NoError(t, err)
	require.Empty(t, plaintext)
}

func TestEveryMasterSecretOpensAndTheFirstSeals(t *testing.T) {
	older := newSealer(t, olderSecret)
	both := newSealer(t, newerSecret, olderSecret)
	newer := newSealer(t, newerSecret)
	sealed := older.Seal([]byte("seed"), "place")

	plaintext, err := both.Open(sealed, "place")
	require.NoError(t, err)
	require.Equal(t, []byte("seed"), plaintext)
	again, err := newer.Open(both.Seal(plaintext, "place"), "place")
	require.NoError(t, err)
	require.Equal(t, plaintext, again)
}

func TestATextUnderAnOlderMasterSecretIsSealedAgain(t *testing.T) {
	older := newSealer(t, olderSecret)
	both := newSealer(t, newerSecret, olderSecret)
	newer := newSealer(t, newerSecret)
	sealed := older.Seal([]byte("seed"), "place")

	same, changed, err := older.Reseal(sealed, "place")
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, sealed, same)

	again, changed, err := both.Reseal(sealed, "place")
	require.NoError(t, err)
	require.True(t, changed)
	plaintext, err := newer.Open(again, "place")
	require.NoError(t, err)
	require.Equal(t, []byte("seed"), plaintext)

	_, changed, err = both.Reseal(again, "place")
	require.NoError(t, err)
	require.False(t, changed)
	_, _, err = both.Reseal(sealed, "another place")
	require.ErrorIs(t, err, seal.ErrSealed)

	_, err = newer.Open(sealed, "place")
	require.ErrorIs(t, err, seal.ErrSealed)
	_, err = older.Open(again, "place")
	require.ErrorIs(t, err, seal.ErrSealed)
}

func TestADamagedTextIsRefused(t *testing.T) {
	s := newSealer(t, olderSecret)
	sealed := s.Seal([]byte("seed"), "place")
	id, rest, _ := strings.Cut(sealed, ".")
	flipped := "A"
	if rest[20] == 'A' {
		flipped = "B"
	}
	for name, damaged := range map[string]string{
		"empty":               "",
		"without a key id":    rest,
		"without a text":      id,
		"of an unknown key":   "00000000." + rest,
		"cut short":           id + "." + rest[:8],
		"without its tag":     id + "." + rest[:len(rest)-8],
		"not base64":          id + ".!!!",
		"with another letter": id + "." + rest[:20] + flipped + rest[21:],
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Open(damaged, "place")
			require.ErrorIs(t, err, seal.ErrSealed)
		})
	}
}

func TestASealerWantsLongMasterSecrets(t *testing.T) {
	_, err := seal.New()
	require.Error(t, err)
	_, err = seal.New(newerSecret, olderSecret[1:])
	require.Error(t, err)
	require.NotContains(t, err.Error(), string(olderSecret[1:]))
}
