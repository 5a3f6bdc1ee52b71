package provider_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage/storagetest"
)

func TestSignInsAreCountedByMethodAndOutcome(t *testing.T) {
	registry := prometheus.NewRegistry()
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) { o.Metrics = registry })
	s.client("clinic", nil)
	s.browser().code(request("clinic", "openid"))
	b := s.browser()
	p := b.authorize(request("clinic", "openid"))
	wrong := url.Values{"request": {p.request(t)}, "username": {"doctor@example.com"}, "password": {"wrong"}}
	for range 10 {
		require.NotEqual(t, http.StatusTooManyRequests, b.post(s.server.URL+"/login/sign-in", wrong).status)
	}
	for range 2 {
		require.Equal(t, http.StatusTooManyRequests, b.post(s.server.URL+"/login/sign-in", wrong).status)
	}
	series := counted(t, registry, "ithildin_sign_ins_total")
	require.Len(t, series, 18, "each is there from the start")
	for labels, value := range series {
		require.Equal(t, map[string]float64{"password succeeded": 1, "password failed": 10, "password limited": 2}[labels],
			value, labels)
	}
}
