package storage

import (
	"context"
	"slices"
)

// Of tokens only their end is ever brought up to date: one that was used or ended at the source since is so here, and
// one that was used or ended here stays so.

var importCodes = importStatement{
	insert: `INSERT INTO codes (id, code_id, grant_id, client_id, user_id, redirect_uri, scope, session, created_at,
       expires_at, used_at, imported)`,
	rule: `ON CONFLICT (id) DO UPDATE SET
       used_at = CASE WHEN codes.used_at = 0 THEN excluded.used_at ELSE codes.used_at END,
       expires_at = CASE WHEN excluded.expires_at < codes.expires_at THEN excluded.expires_at ELSE codes.expires_at END
WHERE (codes.used_at = 0 AND excluded.used_at > 0) OR excluded.expires_at < codes.expires_at`,
	width: 11,
}

// ImportCodes writes authorization codes.
func (s *importer) ImportCodes(ctx context.Context, codes []Code) (int64, []Refused, error) {
	rows := make([][]any, len(codes))
	for i, c := range codes {
		rows[i] = []any{
			c.ID, c.CodeID, c.GrantID, c.ClientID, c.UserID, c.RedirectURI, c.Scope, c.Session.encode(),
			toSeconds(c.CreatedAt), toSeconds(c.ExpiresAt), toSeconds(c.UsedAt),
		}
	}
	return s.importRows(ctx, importCodes, rows)
}

var importGrants = importStatement{
	insert: `INSERT INTO grants (id, client_id, user_id, scope, session, refresh_token_id, refresh_hash,
       refresh_expires_at, created_at, expires_at, imported)`,
	// The row lives as long as the last token that hangs on it; a scope that only an access token knew is filled in.
	rule: `ON CONFLICT (id) DO UPDATE SET
       scope = CASE WHEN grants.scope = '' THEN excluded.scope ELSE grants.scope END,
       expires_at = CASE WHEN excluded.expires_at > grants.expires_at
        THEN excluded.expires_at ELSE grants.expires_at END,
       refresh_token_id = coalesce(grants.refresh_token_id, excluded.refresh_token_id),
       refresh_hash = coalesce(grants.refresh_hash, excluded.refresh_hash),
       refresh_expires_at = CASE WHEN grants.refresh_token_id IS NULL THEN excluded.refresh_expires_at
            WHEN excluded.refresh_token_id IS NOT NULL AND excluded.refresh_expires_at < grants.refresh_expires_at
            THEN excluded.refresh_expires_at ELSE grants.refresh_expires_at END
WHERE (grants.scope = '' AND excluded.scope <> '') OR excluded.expires_at > grants.expires_at
   OR (grants.refresh_token_id IS NULL AND excluded.refresh_token_id IS NOT NULL)
   OR (excluded.refresh_token_id IS NOT NULL AND excluded.refresh_expires_at < grants.refresh_expires_at)`,
	width: 10,
}

// ImportGrants writes grants, with or without a refresh token. Of several with one id in a batch the one that lives
// longest counts, for a statement takes a row once.
func (s *importer) ImportGrants(ctx context.Context, grants []Grant) (int64, []Refused, error) {
	byID := map[string]int{}
	var rows [][]any
	for _, g := range grants {
		row := []any{
			g.ID, g.ClientID, g.UserID, g.Scope, g.Session.encode(), null(g.RefreshTokenID), bytes(g.RefreshHash),
			toSeconds(g.RefreshExpiresAt), toSeconds(g.CreatedAt), toSeconds(g.ExpiresAt),
		}
		if i, known := byID[g.ID]; !known {
			byID[g.ID] = len(rows)
			rows = append(rows, row)
		} else if rows[i][len(row)-1].(int64) < toSeconds(g.ExpiresAt) {
			rows[i] = row
		}
	}
	// In one order whichever tokens come first, so that parallel imports can't lock each other out.
	slices.SortFunc(rows, func(a, b []any) int {
		if a[0].(string) < b[0].(string) {
			return -1
		}
		return 1
	})
	return s.importRows(ctx, importGrants, rows)
}

var importAccessTokens = importStatement{
	insert: `INSERT INTO access_tokens (id, access_token_id, kind, client_id, user_id, grant_id, scope, session,
       created_at, expires_at, imported)`,
	rule: `ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
WHERE excluded.expires_at < access_tokens.expires_at`,
	width: 10,
}

// ImportAccessTokens writes opaque access tokens of every kind; their grants must be there.
func (s *importer) ImportAccessTokens(ctx context.Context, tokens []AccessToken) (int64, []Refused, error) {
	rows := make([][]any, len(tokens))
	for i, t := range tokens {
		rows[i] = []any{
			t.ID, t.AccessTokenID, t.Kind, t.ClientID, null(t.UserID), null(t.GrantID), t.Scope, t.Session.encode(),
			toSeconds(t.CreatedAt), toSeconds(t.ExpiresAt),
		}
	}
	return s.importRows(ctx, importAccessTokens, rows)
}

var importOneTimeCodes = importStatement{
	insert: `INSERT INTO one_time_codes (id, key, code_mac, status, attempts, created_at, expires_at)`,
	rule:   `ON CONFLICT DO NOTHING`, width: 7, unmarked: true,
}

// ImportOneTimeCodes writes one-time codes that are still open.
func (s *importer) ImportOneTimeCodes(ctx context.Context, codes []OneTimeCode) (int64, []Refused, error) {
	rows := make([][]any, len(codes))
	for i, c := range codes {
		rows[i] = []any{c.ID, c.Key, c.CodeMAC, c.Status, c.Attempts, toSeconds(c.CreatedAt), toSeconds(c.ExpiresAt)}
	}
	return s.importRows(ctx, importOneTimeCodes, rows)
}
