package login

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

func TestSigningInWithAnotherNormalFormOrHostFormOfTheEmail(t *testing.T) {
	f := newFixture(t)
	const email, password = "їжак@київ.укр", "їжак і йод у київському лісі"
	f.createUser(norm.NFD.String(email), password)
	for _, typed := range []string{email, norm.NFD.String(email), "ЇЖАК@Київ.УКР", "їжак@xn--b1alf1j.xn--j1amh"} {
		for _, secret := range []string{password, norm.NFD.String(password)} {
			b := f.browser()
			require.Equal(t, "signed in as "+email, b.signIn(b.begin(""), typed, secret).body, "%q", typed)
		}
	}
}

func TestAnImportedHashOfAnotherNormalFormIsUpgradedAtSignIn(t *testing.T) {
	f := newFixture(t)
	const password = "їжак і йод у лісі"
	hash, err := bcrypt.GenerateFromPassword([]byte(norm.NFD.String(password)), bcrypt.MinCost)
	require.NoError(t, err)
	id := f.createUserWith("imported@example.com", string(hash))

	b := f.browser()
	require.Equal(t, "signed in as imported@example.com", b.signIn(b.begin(""), "imported@example.com", password).body)

	user, err := f.store.FindUser(t.Context(), id)
	require.NoError(t, err)
	ok, stale, err := f.passwords.Verify(t.Context(), user.Password, password)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, stale)
}
