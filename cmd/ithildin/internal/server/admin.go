package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// adminHandler is the admin listener: probes, which are neither bounded nor logged, before what adapters mount.
func adminHandler(ready *readiness, registry *prometheus.Registry, mounted http.Handler) http.Handler {
	probes := map[string]http.Handler{
		"/healthz": http.HandlerFunc(alive), "/readyz": ready,
		"/metrics": promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
	// By path, not by a ServeMux: a token or a path that a gateway asks about must not be cleaned on the way.
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := probes[r.URL.Path]
		if probe != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			probe.ServeHTTP(w, r)
			return
		}
		mounted.ServeHTTP(w, r)
	})
	return http.NewCrossOriginProtection().Handler(handler)
}

func alive(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"status": "alive"})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a probe that has left needs no answer
}

// adminGuard requires an admin token. If none is configured it allows every request on a loopback listener, or where
// ITHILDIN_ADMIN_AUTH=none says so, and closed anywhere else.
type adminGuard struct {
	tokens atomic.Pointer[[]adminToken] // SIGHUP reads them again
	open   bool
	// loopback: the listener is reached from this machine alone.
	loopback bool
	hosts    []string
	// A right token passes however many were wrong: it is compared first.
	failures *clientauth.FailureLimit
	refusals *prometheus.CounterVec
	store    *storage.Store // nil: no audit
}

// adminToken is the hash of an admin token, and the name by which audit events call its holder.
type adminToken struct {
	hash [sha256.Size]byte
	name string
}

// namedToken is a token with a name before it.
var namedToken = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9._@-]{0,63}):(.+)$`)

// readAdminToken reads name:token, or a token without a name, which is named by its hash. A text of the first form
// may also be an older token that contains a colon, so it is valid as a whole too.
func readAdminToken(value string) []adminToken {
	whole := adminToken{hash: sha256.Sum256([]byte(value))}
	whole.name = "admin token " + hex.EncodeToString(whole.hash[:4])
	parts := namedToken.FindStringSubmatch(value)
	if parts == nil || len(parts[2]) < config.MinimumAdminToken {
		return []adminToken{whole}
	}
	whole.name = parts[1]
	return []adminToken{whole, {hash: sha256.Sum256([]byte(parts[2])), name: parts[1]}}
}

func newAdminGuard(s *config.Settings) *adminGuard {
	g := &adminGuard{open: s.AdminOpen, loopback: config.IsLoopback(s.AdminListen), hosts: s.AdminHosts}
	g.failures = clientauth.NewFailureLimit()
	g.refusals = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_admin_token_failures_total",
		Help: "Requests to the admin API with a wrong token, by result: refused, limited (too many from one address).",
	}, []string{"result"})
	for _, result := range []string{"refused", "limited"} {
		g.refusals.WithLabelValues(result)
	}
	g.setTokens(s.AdminTokens)
	return g
}

// setTokens lets the bearers of these tokens in, and of no others.
func (g *adminGuard) setTokens(texts []string) {
	var tokens []adminToken
	for _, item := range texts {
		tokens = append(tokens, readAdminToken(item)...)
	}
	g.tokens.Store(&tokens)
}

func (g *adminGuard) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := g.RefusesHost(r); why != "" {
			respond(w, http.StatusForbidden, map[string]string{"error": why})
			return
		}
		operator, known := g.authenticate(r.Header.Get("Authorization"))
		if !g.open && !known {
			g.refuse(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(storage.ActingAs(r.Context(), storage.Actor{Operator: operator})))
	})
}

// refuse answers a request without an admin token, and counts one with a wrong token.
func (g *adminGuard) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		if wait := g.CountFailure(r); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			respond(w, http.StatusTooManyRequests, map[string]string{"error": "too many wrong admin tokens from this address"})
			return
		}
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="ithildin admin"`)
	respond(w, http.StatusUnauthorized, map[string]string{"error": "an admin token is needed"})
}

// Admits implements admin.Guard.
func (g *adminGuard) Admits(r *http.Request) (operator string, admitted bool) {
	authorization := r.Header.Get("Authorization")
	operator, known := g.authenticate(authorization)
	return operator, known || g.open && authorization == ""
}

// RefusesHost implements admin.Guard.
func (g *adminGuard) RefusesHost(r *http.Request) string {
	if !g.open || g.isOwnHost(r.Host) {
		return ""
	}
	return "without an admin token this listener is asked as localhost, 127.0.0.1 or [::1], or as a host that " +
		"ITHILDIN_ADMIN_HOSTS names; it was asked as " + r.Host
}

// CountFailure implements admin.Guard.
func (g *adminGuard) CountFailure(r *http.Request) time.Duration {
	address, _, _ := net.SplitHostPort(r.RemoteAddr)
	wait, total, report := g.failures.Failed(address, time.Now())
	if report && g.store != nil {
		// Kept or not, the answer is the same; the counter has it in any case.
		_ = g.store.RecordEvents(context.WithoutCancel(r.Context()), []storage.Event{{
			Kind: storage.EventAdminTokenFailed, Address: address,
			Details: map[string]string{"failures": strconv.FormatInt(total, 10)},
		}})
	}
	result := "refused"
	if wait > 0 {
		result = "limited"
	}
	g.refusals.WithLabelValues(result).Inc()
	return wait
}

// isOwnHost returns whether the Host of a request to a listener without tokens is an address or a name of this
// machine. After DNS rebinding a browser sends the name of the attacker's page as Host, which is neither an address
// nor a name without a dot.
func (g *adminGuard) isOwnHost(host string) bool {
	name := config.HostName(host)
	if slices.Contains(g.hosts, name) || config.IsLoopback(net.JoinHostPort(name, "1")) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return !g.loopback && name != "" && (err == nil || !strings.Contains(name, "."))
}

// authenticate returns the name of the token in an Authorization header, "" where it has none. It compares hashes, so
// that the time of the comparison depends neither on the bytes nor on the length of a token.
func (g *adminGuard) authenticate(authorization string) (operator string, found bool) {
	scheme, rest, _ := strings.Cut(authorization, " ")
	given := sha256.Sum256([]byte(rest))
	for _, token := range *g.tokens.Load() {
		if subtle.ConstantTimeCompare(token.hash[:], given[:]) == 1 {
			operator, found = token.name, true
		}
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return operator, found
}
