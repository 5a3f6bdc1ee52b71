package identity

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	testEmail    = "doctor@example.com"
	testPassword = "correct horse battery staple"
)

// fixture is a Service over a real store, with one user.
type fixture struct {
	Factors
	t     *testing.T
	clock *storagetest.Clock
	user  storage.User
}

func newFixture(t *testing.T, engine storagetest.Engine, options ...func(*Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: storagetest.NewClock()}
	store := engine.Open(t, storagetest.At(f.clock))
	o := Options{
		Store: store, Now: f.clock.Now, Passwords: NewPasswords(PasswordOptions{CheapForTests: true}),
		ClientAddress: func(r *http.Request) string { return cmp.Or(r.Header.Get("Test-Address"), "127.0.0.1") },
	}
	for _, option := range options {
		option(&o)
	}
	f.Factors = Factors{New(o)}
	phc, err := o.Passwords.Hash(t.Context(), testPassword)
	require.NoError(t, err)
	f.user = storagetest.User(t, store, func(u *storage.User) { u.Email, u.Password = testEmail, phc })
	return f
}

// signIn tries a password of the test's user from an address.
func (f *fixture) signIn(address, password string) error {
	r := httptest.NewRequestWithContext(f.t.Context(), http.MethodPost, "/", nil)
	r.Header.Set("Test-Address", address)
	_, err := f.CheckPassword(r, PasswordAttempt{Username: testEmail, Password: password})
	return err
}
