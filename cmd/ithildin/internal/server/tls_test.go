package server

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCertificateThatExpiresWithinTwoWeeksIsLogged(t *testing.T) {
	end := time.Date(2030, time.March, 31, 12, 0, 0, 0, time.UTC)
	for name, d := range map[string]struct {
		before time.Duration
		want   string
	}{
		"in time": {15 * 24 * time.Hour, ""},
		"soon": {13 * 24 * time.Hour,
			`level=WARN msg="the TLS certificate expires soon" not_after=2030-03-31T12:00:00.000Z`},
		"too late":   {0, `level=ERROR msg="the TLS certificate has expired" not_after=2030-03-31T12:00:00.000Z`},
		"a year ago": {-365 * 24 * time.Hour, `level=ERROR msg="the TLS certificate has expired"`},
	} {
		t.Run(name, func(t *testing.T) {
			log := &bytes.Buffer{}
			checkExpiry(end, end.Add(-d.before), slog.New(slog.NewTextHandler(log, nil)))
			if d.want == "" {
				require.Empty(t, log.String())
			} else {
				require.Contains(t, log.String(), d.want)
			}
		})
	}
}
