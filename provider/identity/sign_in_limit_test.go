package identity

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// Ten wrong passwords from elsewhere must not keep the owner of an account out.
func TestAttackAccountIsLockedOutFromAnotherAddress(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0])
	for range pairFailures {
		require.ErrorIs(t, f.signIn("192.0.2.7", "not it"), ErrWrongPassword)
	}
	require.ErrorIs(t, f.signIn("192.0.2.7", "not it"), ErrSignInLimited)
	require.NoError(t, f.signIn("127.0.0.1", testPassword))
	for i := range overAll {
		for range pairFailures {
			_ = f.signIn(fmt.Sprintf("198.51.100.%d", i), "not it") // the last are over the limit of the account
		}
	}
	require.ErrorIs(t, f.signIn("203.0.113.1", testPassword), ErrSignInLimited, "over all addresses there is a limit too")
}

// The owner's own sign-ins must not give more guesses to whoever guesses from elsewhere, nor a sign-in to an account of
// one's own more guesses at others.
func TestAttackGuessesGoOnAfterARightPassword(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0])
	for i := range overAll {
		for range pairFailures - 1 {
			require.ErrorIs(t, f.signIn(fmt.Sprintf("198.51.100.%d", i), "not it"), ErrWrongPassword)
		}
		require.NoError(t, f.signIn("203.0.113.1", testPassword))
	}
	for i := range overAll {
		_ = f.signIn(fmt.Sprintf("198.51.100.%d", i), "not it")
	}
	require.ErrorIs(t, f.signIn("198.51.100.99", "not it"), ErrSignInLimited)
}

func TestSixteenRightSignInsAtOnceAllPass(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0])
	f.attempts.timeout = time.Minute // however busy the machine is
	var group sync.WaitGroup
	rejected := make(chan error, 16)
	for range 16 {
		group.Go(func() {
			if err := f.signIn("127.0.0.1", testPassword); err != nil {
				rejected <- err
			}
		})
	}
	group.Wait()
	close(rejected)
	require.Empty(t, rejected)
	require.Empty(t, f.attempts.accounts, "what is under way is forgotten when it ends")
}

// A browser that ends its request at the moment of the right password must not leave a failure behind.
func TestASignInThatTheBrowserAbortsIsNoFailure(t *testing.T) {
	f := newFixture(t, storagetest.Engines()[0])
	for range pairFailures + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		limits := f.limitsOf(r, PasswordAttempt{Username: testEmail}, &storage.User{})
		try, within, err := f.beginAttempt(ctx, limits)
		require.NoError(t, err)
		require.True(t, within)
		cancel()
		require.NoError(t, try.forget(ctx))
	}
}
