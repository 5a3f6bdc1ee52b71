package storage

import (
	"context"
	"fmt"
)

const (
	// mostCounted bounds what is counted of a kind: a client may have millions of grants.
	mostCounted = 10_000
	// mostLookedAt bounds how many grants of a client are looked at, with a refresh token and without: millions that have
	// ended may lie before those that live.
	mostLookedAt = 100_000
)

// LiveCount is how much of each kind is good now: what ends when its user or client is blocked. Each number is exact up
// to 10,000 and 10,001 beyond. Of the grants of a client, the newest 100,000 with a refresh token and as many others
// are looked at.
type LiveCount struct {
	Sessions     int64 `db:"sessions"`
	Grants       int64 `db:"grants"`
	AccessTokens int64 `db:"access_tokens"` // opaque ones: a JWT has no row
	Approvals    int64 `db:"approvals"`
}

// CountLiveOfUser counts what a user has at every client.
func (s *tokenStore) CountLiveOfUser(ctx context.Context, userID string) (LiveCount, error) {
	userID, err := uuidKey(userID)
	if err != nil {
		return LiveCount{}, err
	}
	return s.countLive(ctx, "user_id", userID, `grants WHERE user_id = $1 AND revoked_at = 0`,
		`SELECT 1 FROM login_sessions WHERE user_id = $1 AND revoked_at = 0 AND expires_at > $2`)
}

// CountLiveOfClient counts what users have at a client. A session belongs to no client, so there are none.
func (s *tokenStore) CountLiveOfClient(ctx context.Context, clientID string) (LiveCount, error) {
	clientID, err := clientKey(clientID)
	if err != nil {
		return LiveCount{}, err
	}
	return s.countLive(ctx, "client_id", clientID, newestGrantsOfClient(mostLookedAt)+` WHERE revoked_at = 0`, "")
}

func (s *tokenStore) countLive(
	ctx context.Context, column, id, grants, sessions string,
) (count LiveCount, err error) {
	counted := func(rows string) string {
		return fmt.Sprintf(`(SELECT count(*) FROM (%s LIMIT %d) AS counted)`, rows, mostCounted+1)
	}
	query := `SELECT ` + counted(`SELECT 1 FROM `+grants+` AND expires_at > $2`) +
		` AS grants, ` + counted(`SELECT 1 FROM access_tokens WHERE `+column+` = $1 AND expires_at > $2`) +
		` AS access_tokens, ` + counted(`SELECT 1 FROM approvals WHERE `+column+` = $1`) + ` AS approvals`
	if sessions != "" {
		query += `, ` + counted(sessions) + ` AS sessions`
	}
	err = s.get(ctx, &count, query, id, s.nowSeconds())
	return count, err
}
