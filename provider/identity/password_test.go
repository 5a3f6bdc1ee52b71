package identity

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

func verify(t *testing.T, p *Passwords, phc, password string) (ok, stale bool) {
	t.Helper()
	ok, stale, err := p.Verify(t.Context(), phc, password)
	require.NoError(t, err)
	return ok, stale
}

func TestAPasswordMatchesItsHashAndNoOther(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	phc, err := p.Hash(t.Context(), "пароль")
	require.NoError(t, err)
	require.Regexp(t, `^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`, phc)
	again, err := p.Hash(t.Context(), "пароль")
	require.NoError(t, err)
	require.NotEqual(t, phc, again)

	ok, stale := verify(t, p, phc, "пароль")
	require.True(t, ok)
	require.False(t, stale)
	ok, _ = verify(t, p, phc, "Пароль")
	require.False(t, ok)
}

// The vector is of the reference implementation of argon2.
func TestHashOfAnotherCostIsVerifiedAndMarkedForUpgrade(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	ok, stale := verify(t, p, "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"password")
	require.True(t, ok)
	require.True(t, stale)
}

func TestImportedHashIsVerifiedAndMarkedForUpgrade(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	hash, err := bcrypt.GenerateFromPassword([]byte("from the old system"), bcrypt.MinCost)
	require.NoError(t, err)
	for _, version := range []string{"$2a$", "$2b$", "$2y$"} {
		ok, stale := verify(t, p, version+string(hash[4:]), "from the old system")
		require.True(t, ok, version)
		require.True(t, stale, version)
		ok, _ = verify(t, p, version+string(hash[4:]), "not it")
		require.False(t, ok, version)
	}
}

func TestAPasswordIsTheSameInEveryNormalForm(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	composed := "їжак і йод, їжак і йод"
	decomposed := norm.NFD.String(composed)
	require.NotEqual(t, composed, decomposed)

	phc, err := p.Hash(t.Context(), decomposed)
	require.NoError(t, err)
	for _, typed := range []string{composed, decomposed} {
		ok, stale := verify(t, p, phc, typed)
		require.True(t, ok)
		require.False(t, stale, "the composed form is what is hashed")
	}

	// Hashes of the raw bytes: of an old system, and of a release that did not compose.
	for _, hashed := range []string{composed, decomposed} {
		raw := argon2Hash{argon2Cost: currentCost, salt: make([]byte, saltLength)}
		raw.key = raw.derive(hashed, keyLength)
		old, err := bcrypt.GenerateFromPassword([]byte(hashed), bcrypt.MinCost)
		require.NoError(t, err)
		for _, typed := range []string{composed, decomposed} {
			ok, stale := verify(t, p, raw.String(), typed)
			require.True(t, ok)
			require.Equal(t, hashed == decomposed, stale, "another form than the composed one is replaced")
			ok, stale = verify(t, p, string(old), typed)
			require.True(t, ok)
			require.True(t, stale)
		}
		ok, _ := verify(t, p, raw.String(), "їжак і йод, їжак і йог")
		require.False(t, ok)
	}
}

func TestAPasswordIsBoundedInCharacters(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	longest := strings.Repeat("ї", MaximumPassword)
	for _, typed := range []string{longest, norm.NFD.String(longest)} {
		phc, err := p.Hash(t.Context(), typed)
		require.NoError(t, err)
		ok, _ := verify(t, p, phc, longest)
		require.True(t, ok)
	}
	_, err := p.Hash(t.Context(), longest+"ї")
	require.Error(t, err)
}

func TestImportedHashComparesSeventyTwoBytes(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	hash, err := bcrypt.GenerateFromPassword([]byte(strings.Repeat("a", 72)), bcrypt.MinCost)
	require.NoError(t, err)
	ok, _ := verify(t, p, string(hash), strings.Repeat("a", 100))
	require.True(t, ok)
	ok, _ = verify(t, p, string(hash), strings.Repeat("a", 71))
	require.False(t, ok)
}

func TestHashForUnknownUsersMatchesNoPassword(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	for _, password := range []string{"", "x", strings.Repeat("a", MaximumPassword+1)} {
		ok, stale := verify(t, p, "", password)
		require.False(t, ok)
		require.False(t, stale)
	}
}

func TestAHashThatCostsTooMuchOrIsDamagedIsAnError(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	const salt, key = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for _, phc := range []string{
		"plain text",
		"$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=256,t=100,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=256,t=2,p=0$" + salt + "$" + key,
		"$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=256,t=2,p=1 $" + salt + "$" + key,
		"$argon2id$v=19$m=256,t=2,p=1$$" + key,
		"$argon2id$v=19$m=256,t=2,p=1$" + salt + "$",
		"$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"$2a$31$" + strings.Repeat("a", 53),
		"$2x$04$" + strings.Repeat("a", 53),
		"$2a$04$short",
	} {
		ok, _, err := p.Verify(t.Context(), phc, "password")
		require.Error(t, err, phc)
		require.False(t, ok, phc)
	}
}

func TestOverlongPasswordIsNotHashed(t *testing.T) {
	p := NewPasswords(PasswordOptions{})
	for _, password := range []string{"", strings.Repeat("a", MaximumPassword+1)} {
		_, err := p.Hash(t.Context(), password)
		require.Error(t, err)
	}
}

func TestWaitForPasswordHashingIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(PasswordOptions{Concurrency: 1})
		release, err := p.acquire(t.Context(), currentCost.bytes())
		require.NoError(t, err)
		began := time.Now()
		_, _, err = p.Verify(t.Context(), "", "x")
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, maximumWait, time.Since(began))
		release()
		_, _, err = p.Verify(t.Context(), "", "x")
		require.NoError(t, err)
	})
}

func TestWaitForPasswordHashingIsBoundedInNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(PasswordOptions{Concurrency: 1})
		release, err := p.acquire(t.Context(), currentCost.bytes())
		require.NoError(t, err)
		defer release()
		waiting, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range maximumWaiting {
			group.Go(func() {
				_, err := p.acquire(waiting, currentCost.bytes())
				require.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		began := time.Now()
		_, err = p.acquire(t.Context(), currentCost.bytes())
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, began, time.Now(), "at once")
		stop()
		group.Wait()
	})
}

func TestPasswordHashingSharesBudgetOfMemory(t *testing.T) {
	large := argon2Hash{argon2Cost: highestCost, salt: make([]byte, saltLength), key: make([]byte, keyLength)}.String()
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(PasswordOptions{Concurrency: 4}) // 76 MiB: room for one of 64 MiB, or for four of 19 MiB
		leaveLarge, err := p.acquire(t.Context(), memoryOf(large))
		require.NoError(t, err)
		_, _, err = p.Verify(t.Context(), "", "x")
		require.ErrorIs(t, err, ErrBusy, "12 MiB are left")
		leaveLarge()

		var release []func()
		for range 4 {
			l, err := p.acquire(t.Context(), memoryOf("$2b$10$of-bcrypt"))
			require.NoError(t, err)
			release = append(release, l)
		}
		_, err = p.acquire(t.Context(), memoryOf(large))
		require.ErrorIs(t, err, ErrBusy)
		release[0]()
		l, err := p.acquire(t.Context(), memoryOf(""))
		require.NoError(t, err, "one that waited in vain keeps nobody out")
		for _, l := range append(release[1:], l) {
			l()
		}
	})
}

func TestPasswordHashBeyondBudgetIsVerifiedAlone(t *testing.T) {
	h := argon2Hash{argon2Cost: argon2Cost{buffers: 64 << 10, time: 1, lanes: 1}, salt: make([]byte, saltLength)}
	h.key = h.derive("password", keyLength)
	p := NewPasswords(PasswordOptions{Concurrency: 1})
	ok, stale := verify(t, p, h.String(), "password")
	require.True(t, ok)
	require.True(t, stale)
}

func TestPasswordHashingReturnsItsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords(PasswordOptions{})
		for range 10 {
			_, err := p.Hash(t.Context(), "password")
			require.NoError(t, err)
		}
		time.Sleep(memoryQuiet)
		synctest.Wait()
		var buffers runtime.MemStats
		runtime.ReadMemStats(&buffers)
		require.Less(t, buffers.HeapSys-buffers.HeapReleased, uint64(32<<20))
	})
}
