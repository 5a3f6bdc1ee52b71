package server

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
)

func TestExpiredCertificatesOfAuthoritiesAreLoggedAndTheNextExpiryIsMeasured(t *testing.T) {
	now := time.Date(2030, time.March, 31, 12, 0, 0, 0, time.UTC)
	at := func(name string, years int) identity.AuthorityCertificate {
		return identity.AuthorityCertificate{Name: name, NotAfter: now.AddDate(years, 0, 0)}
	}
	for name, c := range map[string]struct {
		certificates []identity.AuthorityCertificate
		next         int // years
		logged       string
	}{
		"none has expired": {[]identity.AuthorityCertificate{at("a", 3), at("b", 1), at("c", 2)}, 1, ""},
		"some have": {[]identity.AuthorityCertificate{at("a", 3), at("b", -1), at("c", 2), at("d", 0)}, 2,
			`level=WARN msg="certificates of signature authorities have expired" expired=2 of=4 names="[b d]"`},
		"all have": {[]identity.AuthorityCertificate{at("a", -3), at("b", -2)}, -2,
			`level=ERROR msg="all certificates of signature authorities have expired" expired=2 of=2 names="[a b]"`},
		"many have": {[]identity.AuthorityCertificate{at("a", -1), at("b", -1), at("c", -1), at("d", -1), at("e", -1),
			at("f", -1), at("g", 1)}, 1, `expired=6 of=7 names="[a b c d e]"`},
	} {
		log := &bytes.Buffer{}
		checkAuthorities(c.certificates, now, slog.New(slog.NewTextHandler(log, nil)))
		if c.logged == "" {
			require.Empty(t, log.String(), name)
		}
		require.Contains(t, log.String(), c.logged, name)
		require.Equal(t, now.AddDate(c.next, 0, 0), nextExpiry(c.certificates, now), name)
	}
}
