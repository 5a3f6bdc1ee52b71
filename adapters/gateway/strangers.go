package gateway

import (
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// strangersKept is how many decisions about unknown callers are stored in a minute.
const strangersKept = 10

// strangers are who asks without a token or an api-key that is known. Anybody can cause such decisions, as many as
// there is room for, and they speak of nobody: all are counted, and a few of each minute are kept in the audit.
type strangers struct {
	mutex   sync.Mutex
	minute  int64
	kept    int
	skipped int // since the last that was kept
}

// keep says whether a decision at that time, in epoch seconds, is kept, and how many before it were not.
func (s *strangers) keep(now int64) (kept bool, skipped int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if minute := now / 60; minute != s.minute {
		s.minute, s.kept = minute, 0
	}
	if s.kept >= strangersKept {
		s.skipped++
		return false, 0
	}
	s.kept++
	skipped, s.skipped = s.skipped, 0
	return true, skipped
}

// aboutStranger says that nobody known is behind a decision.
func (d decision) aboutStranger() bool { return d.who == nil && d.mis == nil && d.known == nil }

// outcome is the decision as the metric names it.
func (d decision) outcome() string {
	switch {
	case d.status == http.StatusOK && d.aboutStranger():
		return "public"
	case d.status == http.StatusOK:
		return "allowed"
	case d.status >= http.StatusInternalServerError:
		return "unavailable"
	case d.status == http.StatusBadRequest:
		return "malformed"
	case d.aboutStranger():
		return "stranger"
	}
	return "refused"
}

func newDecisionMetric(registry prometheus.Registerer) *prometheus.CounterVec {
	decisions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "ithildin_gateway_decisions_total",
		Help: "Answers to gateways, by outcome: allowed, public, refused, stranger (no token or api-key that is known), " +
			"malformed, unavailable.",
	}, []string{"outcome"})
	for _, outcome := range []string{"allowed", "public", "refused", "stranger", "malformed", "unavailable"} {
		decisions.WithLabelValues(outcome)
	}
	if registry != nil {
		registry.MustRegister(decisions)
	}
	return decisions
}

// keep queues the event of a decision for the audit. That somebody passed by a public rule was no decision about
// anybody: it is counted only.
func (g *Gateway) keep(r *http.Request, o original, d decision) error {
	if d.outcome() == "public" {
		return nil
	}
	e := g.event(r, o, d)
	if d.aboutStranger() {
		kept, skipped := g.strangers.keep(g.Provider.Store().Now().Unix())
		if !kept {
			return nil
		}
		if skipped > 0 {
			e.Details["strangers_not_kept"] = strconv.Itoa(skipped)
		}
	}
	return g.Events.Add(r.Context(), e)
}
