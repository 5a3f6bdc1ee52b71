package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ithildin/storage"
)

// JanitorFlags say when and how the janitor works.
type JanitorFlags struct {
	TokenExpirationHours string `env:"ITHILDIN_TOKEN_EXPIRATION_HOURS" placeholder:"H-H" help:"@token_expiration_hours"`
	TokenDeletingHours   string `env:"ITHILDIN_TOKEN_DELETING_HOURS" placeholder:"H-H" help:"@token_deleting_hours"`
	TokenRetention       string `env:"ITHILDIN_TOKEN_RETENTION" placeholder:"DAYS" help:"@token_retention"`
	AuditRetention       string `env:"ITHILDIN_AUDIT_RETENTION" placeholder:"DAYS,KIND=DAYS,…" help:"@audit_retention"`
	JanitorBatch         string `env:"ITHILDIN_JANITOR_BATCH" placeholder:"ROWS" help:"@janitor_batch"`
}

// Hours are hours of the day, both included.
type Hours struct{ from, to int }

// Has says whether a time is in one of the hours, which are of UTC.
func (h Hours) Has(now time.Time) bool {
	hour := now.UTC().Hour()
	if h.from <= h.to {
		return h.from <= hour && hour <= h.to
	}
	return hour >= h.from || hour <= h.to // over midnight
}

// Janitor are janitorFlags that were found right.
type Janitor struct {
	Expiration Hours
	Deleting   Hours
	Retention  time.Duration
	Batch      int
	// AuditRetention is by the kind of events; "" is for those of other kinds.
	AuditRetention map[string]time.Duration
	// PasswordLifetime is the age of passwords whose tokens are ended; 0: none are.
	PasswordLifetime time.Duration
}

const (
	defaultExpirationHours = "0-4"
	defaultDeletingHours   = "1-4"
	day                    = 24 * time.Hour

	defaultTokenRetention = int(storage.TokenRetention / day)
	defaultAuditRetention = "365"
	largestJanitorBatch   = 10000
	longestRetention      = 3650 // days

	// DefaultJanitorBatch is how many rows the janitor deletes in one statement.
	DefaultJanitorBatch = 500
)

// LoadJanitor reads the flags of a janitor that works at once; passwordLifetime is ITHILDIN_PASSWORD_LIFETIME as it
// was given.
func LoadJanitor(f JanitorFlags, passwordLifetime string) (Janitor, error) {
	var p problems
	s := f.load(&p, serviceFlags{PasswordLifetime: passwordLifetime}.passwordLifetime(&p))
	return s, p.err()
}

func (f JanitorFlags) load(p *problems, passwordLifetime time.Duration) Janitor {
	retention := p.number("ITHILDIN_TOKEN_RETENTION", f.TokenRetention, defaultTokenRetention, longestRetention)
	return Janitor{
		Expiration: p.hours("ITHILDIN_TOKEN_EXPIRATION_HOURS", cmp.Or(f.TokenExpirationHours, defaultExpirationHours)),
		Deleting:   p.hours("ITHILDIN_TOKEN_DELETING_HOURS", cmp.Or(f.TokenDeletingHours, defaultDeletingHours)),
		Retention:  time.Duration(retention) * day, PasswordLifetime: passwordLifetime,
		AuditRetention: p.auditRetention(f.AuditRetention),
		Batch:          p.number("ITHILDIN_JANITOR_BATCH", f.JanitorBatch, DefaultJanitorBatch, largestJanitorBatch),
	}
}

// auditRetention reads days, and days of single kinds of events, such as 365,gateway_decision=90.
func (p *problems) auditRetention(value string) map[string]time.Duration {
	lifetimes := map[string]time.Duration{}
	for part := range strings.SplitSeq(cmp.Or(value, defaultAuditRetention), ",") {
		kind, days, single := strings.Cut(strings.TrimSpace(part), "=")
		if !single {
			kind, days = "", kind
		}
		number, err := strconv.Atoi(days)
		if single && !slices.Contains(storage.EventKinds, kind) {
			p.add("ITHILDIN_AUDIT_RETENTION", "has %q: there are no events of that kind", part)
			continue
		}
		if _, twice := lifetimes[kind]; err != nil || twice || number < 1 || number > longestRetention {
			p.add("ITHILDIN_AUDIT_RETENTION", "has %q: want DAYS or KIND=DAYS, each kind once, with 1 to %d days", part,
				longestRetention)
			continue
		}
		lifetimes[kind] = time.Duration(number) * day
	}
	return lifetimes
}

func (p *problems) hours(name, value string) Hours {
	var h Hours
	n, err := fmt.Sscanf(value+"\n", "%d-%d\n", &h.from, &h.to)
	if err != nil || n != 2 || h.from < 0 || h.from > 23 || h.to < 0 || h.to > 23 {
		p.add(name, "is %q: want hours such as 0-4", value)
	}
	return h
}
