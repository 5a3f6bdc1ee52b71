package mail

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	gomail "github.com/wneessen/go-mail"
)

// The results of ithildin_mails_total.
const (
	resultEnqueued = "enqueued"
	resultSent     = "sent"
	resultFailed   = "failed"  // an attempt; there will be another
	resultDropped  = "dropped" // refused by the mail server
	resultExpired  = "expired" // not sent in its time
)

type metrics struct {
	mails   *prometheus.CounterVec
	waiting prometheus.Gauge
	held    prometheus.Counter
}

// expiredPurpose is the label of letters that expired, whose purposes are not read again.
const expiredPurpose = "any"

func newMetrics(registry prometheus.Registerer) metrics {
	m := metrics{
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ithildin_mails_total",
			Help: "Mails by purpose and result: enqueued, sent, failed (an attempt), dropped (refused by the mail server), " +
				"expired (not sent in their time).",
		}, []string{"purpose", "result"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ithildin_mails_queued", Help: "Mails that wait to be sent, as the database had them a few seconds ago.",
		}),
		held: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ithildin_mails_held_total",
			Help: "Mails that were due and had to wait for the next minute because of ITHILDIN_MAILS_PER_MINUTE. One that " +
				"waits for several minutes counts in each.",
		}),
	}
	registry.MustRegister(m.mails, m.waiting, m.held)
	for _, purpose := range Purposes {
		if purpose == Test {
			continue // the verb sends it, without the queue
		}
		for _, result := range []string{resultEnqueued, resultSent, resultFailed, resultDropped} {
			m.mails.WithLabelValues(string(purpose), result)
		}
	}
	m.mails.WithLabelValues(expiredPurpose, resultExpired)
	return m
}

func (m metrics) count(purpose Purpose, result string) {
	m.mails.WithLabelValues(string(purpose), result).Inc()
}

func (m metrics) dropExpired(mails int64) {
	m.mails.WithLabelValues(expiredPurpose, resultExpired).Add(float64(mails))
}

// codeOf is the reply code of the mail server in an error, 0 where it has none.
func codeOf(err error) int {
	var failed *gomail.SendError
	if errors.As(err, &failed) {
		return failed.ErrorCode()
	}
	return 0
}

// withoutAddresses is an error for the log. What a mail server answered may repeat the address of a person, so that of
// an answer to a message only the step at which it came is said.
func withoutAddresses(err error) string {
	var failed *gomail.SendError
	if errors.As(err, &failed) {
		return failed.Reason.String()
	}
	return err.Error()
}
