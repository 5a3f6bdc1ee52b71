package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage/storagetest"
)

func TestTokenRequestsBeyondTheRateAreAnsweredInTheWordsOfTheContract(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := filled(t, engine, func(o *provider.Options) { o.RateLimits.Token = 2 })
		first := s.exchange(code())
		require.Equal(t, http.StatusCreated, first.status, first.raw)
		require.Equal(t, `"token";r=1;t=30`, first.header.Get("RateLimit"))
		require.Equal(t, "Token has already been used.", s.exchange(code()).member("error.message"))
		limited := s.exchange(code())
		requireLimited(t, limited)
		require.Equal(t, `"token";q=2;w=60`, limited.header.Get("RateLimit-Policy"))
		require.Equal(t, `"token";r=0;t=30`, limited.header.Get("RateLimit"))
	})
}
