package storage

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// What a stored one-time code has come to, beside the states of its row.
const (
	OneTimeCodeExpired   = "expired"
	OneTimeCodeExhausted = "exhausted" // tried too often
)

// StatusAt is what has become of a code at a time, if it may be tried so many times: one of the OneTimeCode constants.
func (c OneTimeCode) StatusAt(now time.Time, attempts int64) string {
	switch {
	case c.Status != OneTimeCodeNew:
		return c.Status
	case !c.ExpiresAt.After(now):
		return OneTimeCodeExpired
	case c.Attempts >= attempts:
		return OneTimeCodeExhausted
	}
	return OneTimeCodeNew
}

// OneTimeCodeFilter says which one-time codes to list; what is zero does not matter, but for Attempts.
type OneTimeCodeFilter struct {
	Attempts int64  // how often a code may be tried
	Key      string // a part of it, in any case of letters; % stands for any text in it and _ for any character
	Status   string // as StatusAt has it
	// IsActive asks for those that can still be verified, or for the others.
	IsActive *bool
}

// PageOfOneTimeCodes reads one-time codes, those that expire first before others. Of a code only a MAC is kept.
func (s *authenticationStore) PageOfOneTimeCodes(
	ctx context.Context, f OneTimeCodeFilter, p Page,
) ([]OneTimeCode, Total, error) {
	key := []string{"expires_at", "id"}
	l := listing{parts: []part{{
		query: `SELECT id, key, code_mac, status, attempts, created_at, expires_at FROM one_time_codes`,
		table: "one_time_codes", key: key, order: key,
	}}}
	if f.Key != "" {
		l.where(`lower(key) LIKE %s ESCAPE '\'`, "%"+strings.ToLower(f.Key)+"%")
	}
	now := s.nowSeconds()
	active := fmt.Sprintf("(status = 'new' AND expires_at > %d AND attempts < %d)", now, f.Attempts)
	switch f.Status {
	case "":
	case OneTimeCodeNew:
		l.condition(active)
	case OneTimeCodeExpired:
		l.condition(fmt.Sprintf("status = 'new' AND expires_at <= %d", now))
	case OneTimeCodeExhausted:
		l.condition(fmt.Sprintf("status = 'new' AND expires_at > %d AND attempts >= %d", now, f.Attempts))
	default:
		l.equal("status", f.Status)
	}
	l.boolean(active, f.IsActive)
	var rows []oneTimeCodeRow
	total, err := l.read(ctx, s.database, &rows, p)
	codes := make([]OneTimeCode, len(rows))
	for i, r := range rows {
		codes[i] = r.code()
	}
	return codes, total, err
}
