package ehealth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestOldPagesLeadToThePagesInTheirPlace(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], time.Now().Unix())
	for old, page := range map[string]string{
		"/conditions": "/login/conditions", "/conditions/?a=b": "/login/conditions",
		"/update-password": "/login/account/password", "/update-password/new": "/login/account/password",
		"/reset": "/login/forgot", "/reset/6b2f0d3e-9a0c-4f4e-8a63-0d6d6d3b0a11": "/login/reset",
		"/update-factor": "/login/account/phone", "/update-factor/phone/otp": "/login/account/phone",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+old, nil)
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusSeeOther, response.StatusCode, old)
		require.Equal(t, s.server.URL+page, response.Header.Get("Location"), old)
	}
}
