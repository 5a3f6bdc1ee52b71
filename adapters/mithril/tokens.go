package mithril

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"ithildin/storage"
)

type tokenRow struct {
	ID           string `db:"id"`
	Name         string `db:"name"`
	Value        string `db:"value"`
	ExpiresAt    int64  `db:"expires_at"`
	UserID       string `db:"user_id"`
	ClientID     string `db:"client_id"`
	GrantType    string `db:"grant_type"`
	RedirectURI  string `db:"redirect_uri"`
	Scope        string `db:"scope"`
	ScopeRequest string `db:"scope_request"`
	RefreshToken string `db:"refresh_token"`
	Factor       string `db:"factor"`
	FactorType   string `db:"factor_type"`
	Used         bool   `db:"used"`
	InsertedAt   int64  `db:"inserted_at"`
}

// selectTokens are the tokens of some kinds that are live, or were not long ago, user by user: what one user has lies
// together in most of our indexes.
func selectTokens(names ...string) string {
	return `
SELECT id::text AS id, name, value, expires_at::bigint AS expires_at, coalesce(user_id::text, '') AS user_id,
       lower(coalesce(details->>'client_id', '')) AS client_id, coalesce(details->>'grant_type', '') AS grant_type,
       coalesce(details->>'redirect_uri', '') AS redirect_uri, coalesce(details->>'scope', '') AS scope,
       coalesce(details->>'scope_request', '') AS scope_request, coalesce(details->>'refresh_token',
'') AS refresh_token,
       coalesce(details->>'request_authentication_factor', '') AS factor,
       coalesce(details->>'request_authentication_factor_type', '') AS factor_type,
       coalesce(details->>'used', '') = 'true' AS used, ` + epoch("inserted_at") + `
FROM tokens WHERE name IN ('` + strings.Join(names, "', '") + `')
  AND expires_at > $1 AND value IS NOT NULL ORDER BY user_id, id`
}

// usable says whether a token can have a place here.
func (i *importer) usable(line *Line, r tokenRow) bool {
	if _, err := uuid.Parse(r.ClientID); err != nil {
		line.refuse("token "+r.ID, errors.New("its details name no client"))
		return false
	}
	if r.UserID == "" {
		line.refuse("token "+r.ID, errors.New("it has no user"))
		return false
	}
	if !i.placed(r.UserID, r.ClientID) {
		line.refuse("token "+r.ID, errors.New("its user or client was refused"))
		return false
	}
	return true
}

func (r tokenRow) session() *storage.Session {
	return &storage.Session{
		UserID: r.UserID, Subject: r.UserID, RedirectURI: r.RedirectURI, GrantType: r.GrantType, ScopeRequest: r.ScopeRequest,
		Factor: r.Factor, FactorType: r.FactorType,
	}
}

func (i *importer) cutoff() []any { return []any{i.now - tokensKept} }

func (i *importer) codes(ctx context.Context) error {
	line := i.report.line("authorization codes")
	return each(ctx, i, line, selectTokens("authorization_code"), i.cutoff(), func(r tokenRow) (storage.Code, bool) {
		session := r.session()
		session.RedirectURIGiven, session.ScopeRequest = true, ""
		code := storage.Code{
			ID: storage.Hash(r.Value), CodeID: r.ID, GrantID: derived("grant of code", r.Value), ClientID: r.ClientID,
			UserID: r.UserID, RedirectURI: r.RedirectURI, Scope: r.ScopeRequest, Session: session,
			CreatedAt: at(r.InsertedAt), ExpiresAt: at(r.ExpiresAt),
		}
		if r.Used {
			code.UsedAt = at(max(r.InsertedAt, 1))
		}
		return code, i.usable(line, r)
	}, func(ctx context.Context, batch []storage.Code) (int64, []storage.Refused, error) {
		return i.Store.ImportCodes(ctx, batch)
	}, func(c storage.Code) string { return "token " + c.CodeID })
}

// grantOfRefresh is the grant of a refresh token, which access tokens name by the refresh token's value.
func grantOfRefresh(value string) string { return derived("grant of refresh token", value) }

func (i *importer) refreshTokens(ctx context.Context) error {
	line := i.report.line("refresh tokens")
	return each(ctx, i, line, selectTokens("refresh_token"), i.cutoff(), func(r tokenRow) (storage.Grant, bool) {
		return storage.Grant{
			ID: grantOfRefresh(r.Value), ClientID: r.ClientID, UserID: r.UserID, Scope: r.Scope, Session: r.session(),
			RefreshTokenID: r.ID, RefreshHash: storage.Hash(r.Value), RefreshExpiresAt: at(r.ExpiresAt),
			CreatedAt: at(r.InsertedAt), ExpiresAt: at(r.ExpiresAt + tokensKept),
		}, i.usable(line, r)
	}, func(ctx context.Context, batch []storage.Grant) (int64, []storage.Refused, error) {
		return i.Store.ImportGrants(ctx, batch)
	}, func(g storage.Grant) string { return "token " + g.RefreshTokenID })
}

// importedAccessToken is an access token with the grant that it hangs on, by which it is revoked.
type importedAccessToken struct {
	token storage.AccessToken
	grant storage.Grant
}

func (i *importer) accessTokens(ctx context.Context) error {
	line := i.report.line("access tokens")
	query := selectTokens(storage.KindAccessToken, storage.KindTwoFactor, storage.KindChangePasswordToken)
	return each(ctx, i, line, query, i.cutoff(), func(r tokenRow) (importedAccessToken, bool) {
		grantID := derived("grant of user and client", r.UserID+" "+r.ClientID)
		if r.RefreshToken != "" {
			grantID = grantOfRefresh(r.RefreshToken)
		}
		grant := storage.Grant{
			ID: grantID, ClientID: r.ClientID, UserID: r.UserID, Session: &storage.Session{UserID: r.UserID, Subject: r.UserID},
			CreatedAt: at(r.InsertedAt), ExpiresAt: at(r.ExpiresAt + tokensKept),
		}
		if r.RefreshToken != "" {
			grant.Scope = r.Scope
		}
		return importedAccessToken{grant: grant, token: storage.AccessToken{
			ID: storage.Hash(r.Value), AccessTokenID: r.ID, Kind: r.Name, ClientID: r.ClientID, UserID: r.UserID,
			GrantID: grantID, Scope: r.Scope, Session: r.session(), CreatedAt: at(r.InsertedAt),
			ExpiresAt: at(r.ExpiresAt),
		}}, i.usable(line, r)
	}, i.writeAccessTokens, func(t importedAccessToken) string { return "token " + t.token.AccessTokenID })
}

func (i *importer) writeAccessTokens(
	ctx context.Context, batch []importedAccessToken,
) (int64, []storage.Refused, error) {
	grants, tokens := make([]storage.Grant, len(batch)), make([]storage.AccessToken, len(batch))
	for n, t := range batch {
		grants[n], tokens[n] = t.grant, t.token
	}
	if _, rejected, err := i.Store.ImportGrants(ctx, grants); err != nil || len(rejected) > 0 {
		return 0, rejected, err
	}
	return i.Store.ImportAccessTokens(ctx, tokens)
}

type oneTimeCodeRow struct {
	ID         string `db:"id"`
	Key        string `db:"key"`
	Code       string `db:"code"`
	Attempts   int64  `db:"attempts"`
	ExpiresAt  int64  `db:"code_expired_at"`
	InsertedAt int64  `db:"inserted_at"`
}

// oneTimeCodes reads those that wait to be typed in.
func (i *importer) oneTimeCodes(ctx context.Context) error {
	line := i.report.line("one-time codes")
	return each(ctx, i, line, `
SELECT id::text AS id, lower(key::text) AS key, coalesce(code, 0)::text AS code, coalesce(attempts_count,
0)::bigint AS attempts,
       `+epoch("code_expired_at")+`, `+epoch("inserted_at")+`
FROM otp WHERE status = 'NEW' AND active ORDER BY id`, nil, func(r oneTimeCodeRow) (oneTimeCodeRow, bool) {
		return r, r.ExpiresAt > i.now-86400 // for a day somebody may be told that it has expired
	}, func(ctx context.Context, batch []oneTimeCodeRow) (int64, []storage.Refused, error) {
		codes := make([]storage.OneTimeCode, len(batch))
		for n, r := range batch {
			mac, err := i.Store.OneTimeCodeMAC(ctx, r.Key, r.Code)
			if err != nil {
				return 0, nil, err
			}
			codes[n] = storage.OneTimeCode{
				ID: r.ID, Key: r.Key, CodeMAC: mac, Status: storage.OneTimeCodeNew, Attempts: r.Attempts,
				CreatedAt: at(r.InsertedAt), ExpiresAt: at(r.ExpiresAt),
			}
		}
		return i.Store.ImportOneTimeCodes(ctx, codes)
	}, func(r oneTimeCodeRow) string { return "one-time code " + r.ID })
}
