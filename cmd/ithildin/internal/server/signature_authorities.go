package server

import (
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/identity"
)

// mostNamed bounds the certificates that a line of the log names.
const mostNamed = 5

// watchAuthorities registers the metric of the authorities' certificates and logs what is wrong with them. It returns
// their reload; none where there are none.
func watchAuthorities(
	a *config.SignatureAuthorities, registry prometheus.Registerer, logger *slog.Logger,
) []reloadable {
	if a == nil {
		return nil
	}
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "ithildin_signature_authorities_not_after_seconds",
		Help: "When the next certificate of a signature authority expires, in seconds since the epoch.",
	}, func() float64 { return float64(nextExpiry(a.Certificates(), time.Now()).Unix()) }))
	checkAuthorities(a.Certificates(), time.Now(), logger)
	return []reloadable{{what: "the certificates of signature authorities", reload: func() error {
		if err := a.Reload(); err != nil {
			return err
		}
		checkAuthorities(a.Certificates(), time.Now(), logger)
		return nil
	}}}
}

// nextExpiry is the first time at which one of the certificates expires; the last one, where all have expired.
func nextExpiry(certificates []identity.AuthorityCertificate, now time.Time) time.Time {
	var ends []time.Time
	for _, each := range certificates {
		ends = append(ends, each.NotAfter)
	}
	slices.SortFunc(ends, time.Time.Compare)
	for _, end := range ends {
		if now.Before(end) {
			return end
		}
	}
	return ends[len(ends)-1]
}

// checkAuthorities logs which certificates have expired, in one line. A bundle of all authorities holds those of many
// years, and signatures that were made then are verified by them, so they are no error.
func checkAuthorities(certificates []identity.AuthorityCertificate, now time.Time, logger *slog.Logger) {
	expired := slices.DeleteFunc(slices.Clone(certificates), func(c identity.AuthorityCertificate) bool {
		return now.Before(c.NotAfter)
	})
	if len(expired) == 0 {
		return
	}
	var names []string
	for _, each := range expired[:min(len(expired), mostNamed)] {
		names = append(names, each.Name)
	}
	log, message := logger.Warn, "certificates of signature authorities have expired"
	if len(expired) == len(certificates) {
		log, message = logger.Error, "all certificates of signature authorities have expired"
	}
	log(message, "expired", len(expired), "of", len(certificates), "names", names)
}
