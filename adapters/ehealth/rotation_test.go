package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestRotatedLegacyRefreshTokenStaysInvalidWhenItsClientStopsRotating(t *testing.T) {
	for _, form := range []string{storage.TokenFormOwn, storage.TokenFormLegacy} {
		t.Run(form, func(t *testing.T) {
			storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
				s := filled(t, engine)
				s.changed(func(c *storage.Client) { c.Policy.Refresh, c.Policy.TokenForm = storage.RefreshRotate, form })
				first := s.exchange(code()).member("data.details.refresh_token")
				current := s.exchange(refresh(first)).member("data.details.refresh_token")
				s.changed(func(c *storage.Client) { c.Policy.Refresh = storage.RefreshReuse })
				got := s.exchange(refresh(first))
				require.Equal(t, "Token expired.", got.member("error.message"), got.raw)
				require.Equal(t, http.StatusCreated, s.exchange(refresh(current)).status)
			})
		})
	}
}

func TestRepeatedRefreshTokenIsRefusedForItsTrueReason(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine)
		s.changed(func(c *storage.Client) { c.Policy.Refresh = storage.RefreshRotate })
		first := s.exchange(code()).member("data.details.refresh_token")
		second := s.exchange(refresh(first)).member("data.details.refresh_token")
		require.NotEqual(t, first, second)
		s.changed(func(c *storage.Client) { c.Metadata.GrantTypes = []string{"authorization_code"} })
		for _, token := range []string{second, first} {
			got := s.exchange(refresh(token))
			require.Equal(t, "Grant type not allowed.", got.member("error.message"), got.raw)
		}
	})
}
