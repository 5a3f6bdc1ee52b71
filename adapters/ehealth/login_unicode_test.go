package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"ithildin/storage/storagetest"
)

// TestEmailAndPasswordMatchInAnyUnicodeForm makes a user by the admin API and signs in by the login API.
func TestEmailAndPasswordMatchInAnyUnicodeForm(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		const email, password = "їжак@київ.укр", "Їжак і йод 2026 у лісі"
		made := w.admin(http.MethodPost, "users", body("user", map[string]any{
			"email": norm.NFD.String(email), "password": norm.NFD.String(password),
		}))
		require.Equal(t, http.StatusCreated, made.status, made.raw)
		for _, form := range []string{email, norm.NFD.String(email), "ЇЖАК@xn--b1alf1j.xn--j1amh"} {
			again := w.admin(http.MethodPost, "users", body("user", map[string]any{"email": form, "password": password}))
			require.Equal(t, http.StatusUnprocessableEntity, again.status, again.raw)
			require.Equal(t, http.StatusCreated, w.login(byPassword("email", form, "password", password)).status)
			require.Equal(t, http.StatusCreated,
				w.login(byPassword("email", form, "password", norm.NFD.String(password))).status)
		}
	})
}
