package provider

import (
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// metrics are what an operator watches. No label holds a value of a request.
type metrics struct {
	requests               *prometheus.HistogramVec
	inProgress             prometheus.Gauge
	overloaded             *prometheus.CounterVec
	tokens                 *prometheus.CounterVec
	refusals               *prometheus.CounterVec
	pushes                 *prometheus.CounterVec
	devices                *prometheus.CounterVec
	refreshReuse           prometheus.Counter
	refreshRepeats         prometheus.Counter
	logouts                *prometheus.CounterVec
	people                 *prometheus.CounterVec
	signIns                *prometheus.CounterVec
	authentications        *prometheus.CounterVec
	authenticationFailures *prometheus.CounterVec
	oneTimeCodes           *prometheus.CounterVec
	outbound               *prometheus.CounterVec
	outboundSeconds        *prometheus.HistogramVec
	blocks                 *prometheus.CounterVec
	proofs                 *prometheus.CounterVec
	limited                *prometheus.CounterVec
	quotas                 *prometheus.GaugeVec
}

// other stands in a label for a value that is not among those that are known beforehand.
const other = "other"

// The label values that are known beforehand. A series of each is there from the start, so that rate() sees its first
// event.
var (
	// tokenErrorCodes are the codes that a token request is refused with (RFC 6749 5.2).
	tokenErrorCodes = []string{
		oauth.CodeInvalidRequest, oauth.CodeInvalidClient, oauth.CodeInvalidGrant, oauth.CodeUnauthorizedClient,
		oauth.CodeUnsupportedGrantType, oauth.CodeInvalidScope, oauth.CodeServerError, oauth.CodeTemporarilyUnavailable,
		oauth.CodeInvalidDPoPProof, oauth.CodeUseDPoPNonce, oauth.CodeAuthorizationPending, oauth.CodeSlowDown,
		oauth.CodeAccessDenied, oauth.CodeExpiredToken, oauth.CodeInvalidTarget,
		oauth.CodeInvalidAuthorizationDetails, other,
	}
	// authenticationMethods are those of OIDC Core 9, and what else a client is known by.
	authenticationMethods = []string{
		storage.AuthMethodNone, storage.AuthMethodBasic, storage.AuthMethodPost, storage.AuthMethodSecretJWT,
		storage.AuthMethodPrivateKeyJWT, storage.AuthMethodTLS, storage.AuthMethodSelfSignedTLS,
		clientauth.MethodRegistrationToken, clientauth.MethodAPIKey,
	}
)

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
			Name: "ithildin_refresh_reuse_total",
			Help: "Refresh tokens presented after their successor was used; each revoked its grant.",
		}),
		refreshRepeats: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ithildin_refresh_repeats_total",
			Help: "Refresh tokens presented again after their grace and answered, since nobody had used their successor.",
		}),
	}
	m.describeLoad()
	m.describePeople()
	m.describeClients()
	m.outbound = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_outbound_calls_total",
		Help: "Calls to other services, by purpose and outcome: answered, refused (the other side said no), failed.",
	}, []string{"purpose", "outcome"})
	initialize(m.outbound, outboundPurposes, outboundOutcomes)
	m.outboundSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ithildin_outbound_call_seconds", Help: "How long calls to other services took, by purpose.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"purpose"})
	for _, purpose := range outboundPurposes {
		m.outboundSeconds.WithLabelValues(purpose)
	}
	m.initializeRequests()
	initialize(m.tokens, oauth.GrantTypes)
	initialize(m.refusals, append([]string{other}, oauth.GrantTypes...), tokenErrorCodes)
	registry.MustRegister(
		m.requests, m.inProgress, m.overloaded, m.tokens, m.refusals, m.pushes, m.devices, m.refreshReuse, m.refreshRepeats,
		m.logouts, m.people, m.authentications, m.authenticationFailures, m.oneTimeCodes, m.outbound, m.blocks, m.proofs,
		m.limited, m.quotas, m.signIns, m.outboundSeconds,
	)
	return m
}

// initializeRequests makes the series of the endpoints that clients call, and of their failures, before the first
// request: a rate misses the first value of a series that was not there before.
func (m *metrics) initializeRequests() {
	for path, method := range map[string]string{
		oauth.PathAuthorize: "GET", oauth.PathUserinfo: "GET", oauth.PathToken: "POST", oauth.PathIntrospect: "POST",
		oauth.PathRevoke: "POST", oauth.PathPushedRequest: "POST", oauth.PathDevice: "POST",
	} {
		for _, status := range []string{"200", "500", "503"} {
			m.requests.WithLabelValues(path, method, status)
		}
	}
}

// The limits of a listener, as ithildin_requests_overloaded_total names them.
const (
	limitRequests = "requests" // ITHILDIN_REQUESTS_AT_ONCE
	limitBodies   = "bodies"   // bytes of bodies in memory
)

// describeLoad makes what shows how near to their limits the listeners are.
func (m *metrics) describeLoad() {
	m.inProgress = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ithildin_http_requests_in_progress", Help: "Requests that have come and are not answered yet.",
	})
	m.overloaded = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_requests_overloaded_total",
		Help: "Requests beyond a limit of their listener, which get 503, by the limit: requests (at once), bodies (in " +
			"memory).",
	}, []string{"limit"})
	initialize(m.overloaded, []string{limitRequests, limitBodies})
	m.limited = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_rate_limited_total", Help: "Requests that a rate limit refused with 429, by the limit.",
	}, []string{"limit"})
	m.quotas = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "ithildin_rate_limit_requests",
		Help: "How many requests a subject of a rate limit may send within its window, by the limit; 0: any number.",
	}, []string{"limit"})
}

// limitMade shows a rate limit from its beginning.
func (m *metrics) limitMade(q inbound.Quota) {
	m.quotas.WithLabelValues(q.Name).Set(float64(q.Requests))
	m.limited.WithLabelValues(q.Name)
}

func (m *metrics) rateLimited(limit string) { m.limited.WithLabelValues(limit).Inc() }

// describePeople makes the counters of what people do, and of what is done to them.
func (m *metrics) describePeople() {
	m.people = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_login_events_total", Help: "What people did or met at the pages and the login API, by event.",
	}, []string{"event"})
	initialize(m.people, []string{
		"sign_in", "sign_in_failed", "sign_in_limited", "sign_out", "user_blocked", "factor_changed", "password_set",
		"password_reset_sent", "password_reset_refused", "passkey_cloned", "error",
	})
	m.signIns = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_sign_ins_total",
		Help: "Sign-ins by what people proved themselves with last, and by outcome: succeeded, failed, limited (too many " +
			"have failed).",
	}, []string{"method", "outcome"})
	initialize(m.signIns, identity.SignInMethods, identity.SignInOutcomes)
	m.oneTimeCodes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_one_time_codes_total", Help: "One-time codes by what became of them, on the pages and the login API.",
	}, []string{"outcome"})
	initialize(m.oneTimeCodes, identity.OneTimeCodeOutcomes)
	m.blocks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_blocks_total",
		Help: "Blocks by the admin API or by wrong one-time codes, by who was blocked: user or client.",
	}, []string{"subject"})
	initialize(m.blocks, []string{BlockedUser, BlockedClient})
}

// describeClients makes the counters of what clients prove and push, and of what they are told.
func (m *metrics) describeClients() {
	m.pushes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_pushed_requests_total",
		Help: "Authorization requests that clients pushed, by result: accepted, refused.",
	}, []string{"result"})
	initialize(m.pushes, []string{pushAccepted, pushRefused})
	m.devices = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_device_authorizations_total",
		Help: "Requests of devices to sign somebody in elsewhere, by outcome: begun, refused (to begin), approved, denied; " +
			"wrong_code and limited are of the codes that people type.",
	}, []string{"outcome"})
	initialize(m.devices, []string{
		deviceBegun, deviceRefused, deviceApproved, deviceDenied, deviceWrongCode, deviceLimited,
	})
	m.logouts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_backchannel_logouts_total",
		Help: "Attempts to tell a client of a logout, by result: delivered, failed (to be tried again), refused.",
	}, []string{"result"})
	initialize(m.logouts, []string{"delivered", "failed", "refused"})
	m.authentications = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_client_authentications_total", Help: "Clients that proved themselves, by method.",
	}, []string{"method"})
	initialize(m.authentications, authenticationMethods)
	m.authenticationFailures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_client_authentication_failures_total",
		Help: "Clients that did not prove themselves, by method and result: refused, limited (too many failures from one " +
			"address).",
	}, []string{"method", "result"})
	initialize(m.authenticationFailures, authenticationMethods, []string{"refused", "limited"})
	m.proofs = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_dpop_refusals_total",
		Help: "Requests that were refused for their DPoP proof, or for want of one, by reason.",
	}, []string{"reason"})
	initialize(m.proofs, dpop.Reasons)
}

// initialize makes a series of each combination of the values of the labels, in the order of the labels.
func initialize(counter *prometheus.CounterVec, values ...[]string) {
	combinations := [][]string{nil}
	for _, list := range values {
		var longer [][]string
		for _, combination := range combinations {
			for _, value := range list {
				longer = append(longer, append(combination[:len(combination):len(combination)], value))
			}
		}
		combinations = longer
	}
	for _, combination := range combinations {
		counter.WithLabelValues(combination...)
	}
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
	m.refusals.WithLabelValues(known(grantType, oauth.GrantTypes), known(code, tokenErrorCodes)).Inc()
}

// The outcomes of requests of devices, as the metric names them.
const (
	deviceBegun     = "begun"
	deviceRefused   = "refused"
	deviceApproved  = "approved"
	deviceDenied    = "denied"
	deviceWrongCode = "wrong_code"
	deviceLimited   = "limited"
)

// The results of pushed requests, as the metric names them.
const (
	pushAccepted = "accepted"
	pushRefused  = "refused"
)

// requestPushed counts a pushed request by the error that refused it, nil where none did.
func (m *metrics) requestPushed(err error) {
	result := pushAccepted
	if err != nil {
		result = pushRefused
	}
	m.pushes.WithLabelValues(result).Inc()
}

// personDid counts an event of the pages and the login API. Wrong one-time codes block a user there.
func (m *metrics) personDid(event string) {
	m.people.WithLabelValues(event).Inc()
	if event == storage.EventUserBlocked {
		m.blocks.WithLabelValues(BlockedUser).Inc()
	}
}

// known is a value where it is one of those, else "other".
func known(value string, values []string) string {
	if slices.Contains(values, value) {
		return value
	}
	return other
}

// The subjects of CountBlock.
const (
	BlockedUser   = "user"
	BlockedClient = "client"
)

// CountBlock counts that somebody blocked a user or a client: subject is BlockedUser or BlockedClient.
func (p *Provider) CountBlock(subject string) { p.metrics.blocks.WithLabelValues(subject).Inc() }
