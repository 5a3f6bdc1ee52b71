package provider

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/provider/oauth"
)

// metrics are what an operator watches. No label holds a value of a request.
type metrics struct {
	requests               *prometheus.HistogramVec
	tokens                 *prometheus.CounterVec
	refusals               *prometheus.CounterVec
	refreshReuse           prometheus.Counter
	refreshRepeats         prometheus.Counter
	logouts                *prometheus.CounterVec
	people                 *prometheus.CounterVec
	authenticationFailures *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "ithildin_http_request_seconds", Help: "How long requests took, by route, method and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ithildin_tokens_issued_total", Help: "Token requests that were answered with tokens, by grant type.",
		}, []string{"grant_type"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ithildin_tokens_refused_total", Help: "Token requests that were refused, by grant type and error.",
		}, []string{"grant_type", "error"}),
		refreshReuse: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ithildin_refresh_reuse_total", Help: "Refresh tokens presented after their successor was used; each revoked its grant.",
		}),
		refreshRepeats: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ithildin_refresh_repeats_total",
			Help: "Refresh tokens presented again after their grace and answered, since nobody had used their successor.",
		}),
	}
	m.logouts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_backchannel_logouts_total",
		Help: "Attempts to tell a client of a logout, by result: delivered, failed (to be tried again), refused.",
	}, []string{"result"})
	m.people = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_login_events_total", Help: "What people did or met at the pages and the login API, by event.",
	}, []string{"event"})
	for _, event := range []string{"sign_in", "sign_in_failed", "sign_in_limited", "sign_out", "user_blocked", "factor_changed", "password_set", "error"} {
		m.people.WithLabelValues(event)
	}
	for _, grantType := range oauth.GrantTypes {
		m.tokens.WithLabelValues(grantType)
	}
	for _, result := range []string{"delivered", "failed", "refused"} {
		m.logouts.WithLabelValues(result)
	}
	m.authenticationFailures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_client_authentication_failures_total",
		Help: "Clients that did not prove themselves, by result: refused, limited (too many failures of one client from one address).",
	}, []string{"result"})
	for _, result := range []string{"refused", "limited"} {
		m.authenticationFailures.WithLabelValues(result)
	}
	registry.MustRegister(m.people, m.authenticationFailures, m.requests, m.tokens, m.refusals, m.refreshReuse, m.refreshRepeats, m.logouts)
	return m
}

func (m *metrics) answered(route, method string, status int, elapsed time.Duration) {
	m.requests.WithLabelValues(route, methodLabel(method), strconv.Itoa(status)).Observe(elapsed.Seconds())
}

// methodLabel keeps what a client makes up from becoming a series, or a line of the log.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE":
		return method
	}
	return "other"
}

func (m *metrics) logoutSent(result string) { m.logouts.WithLabelValues(result).Inc() }

func (m *metrics) tokenIssued(grantType string) { m.tokens.WithLabelValues(grantType).Inc() }

func (m *metrics) tokenRefused(grantType, code string) {
	if !oauth.ContainsAll(oauth.GrantTypes, []string{grantType}) {
		grantType = "other"
	}
	m.refusals.WithLabelValues(grantType, code).Inc()
}
