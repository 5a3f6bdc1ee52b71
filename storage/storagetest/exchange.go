package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// exchange is one token request, with the calls to storage that package provider makes, in their order.
type exchange struct {
	store  *storage.Store
	client *storage.Client
	batch  *storage.Batch
	code   *storage.Code
	token  *storage.PresentedRefreshToken
	issued issued
}

// issued is what a token request answers with.
type issued struct {
	accessToken, code string
	// refresh is the refresh token; ID is empty where none is issued.
	refresh storage.NextRefreshToken
}

// probe finds the grant of a refresh token.
type probe func(ctx context.Context, batch *storage.Batch) (*storage.PresentedRefreshToken, error)

// byGeneration is the probe of a refresh token that carries its grant's id and generation.
func byGeneration(grantID string, generation int64) probe {
	return func(ctx context.Context, batch *storage.Batch) (*storage.PresentedRefreshToken, error) {
		return batch.FindGrantByGeneration(ctx, grantID, generation)
	}
}

// byHash is the probe of a refresh token that the grant knows by its hash.
func byHash(value string) probe {
	return func(ctx context.Context, batch *storage.Batch) (*storage.PresentedRefreshToken, error) {
		return batch.FindGrantByRefreshHash(ctx, storage.Hash(value))
	}
}

// newExchange begins a request of a client that has authenticated by its first connection, and makes the tokens that it
// will answer with.
func newExchange(store *storage.Store, client *storage.Client) *exchange {
	refreshExpiresAt := store.Now().Add(client.Policy.RefreshLifetime)
	return &exchange{
		store: store, client: client.WithConnection(client.Connections[0]), batch: store.NewBatch(),
		issued: issued{accessToken: "access token " + store.NewID(), refresh: storage.NextRefreshToken{
			ID: store.NewID(), ExpiresAt: refreshExpiresAt,
			GrantExpiresAt: refreshExpiresAt.Add(client.Policy.AccessLifetime + time.Hour),
		}},
	}
}

// presentCode reads the code. Errors: ErrUsed where it was redeemed.
func (e *exchange) presentCode(ctx context.Context, value string) (err error) {
	if e.code, err = e.store.FindCode(ctx, storage.Hash(value)); err != nil {
		return err
	}
	if !e.code.UsedAt.IsZero() {
		return storage.ErrUsed
	}
	return nil
}

// redeemCode makes the grant of the code that was presented, with an access token.
func (e *exchange) redeemCode(ctx context.Context) error {
	e.batch.RedeemCode(e.code.ID)
	next := e.issued.refresh
	e.batch.QueueGrant(storage.Grant{
		ID: e.code.GrantID, ClientID: e.code.ClientID, ConnectionID: e.client.Connection.ID, UserID: e.code.UserID,
		SessionID: e.code.Session.SessionID, Scope: e.code.Scope, Session: e.code.Session, CreatedAt: e.store.Now(),
		RefreshTokenID: next.ID, RefreshHash: next.Hash, RefreshExpiresAt: next.ExpiresAt, ExpiresAt: next.GrantExpiresAt,
	})
	return e.issue(ctx, e.code.GrantID, e.code.UserID, e.code.Scope, e.code.Session)
}

// presentTokenID uses a token id up with the writes of the request.
func (e *exchange) presentTokenID(jti string) {
	e.batch.UseJTI("dpop", "key", jti, e.store.Now().Add(time.Minute))
}

// presentRefreshToken reads the grant of a refresh token and judges it by the times of the client's policy.
func (e *exchange) presentRefreshToken(ctx context.Context, find probe) (err error) {
	if e.token, err = find(ctx, e.batch); err != nil {
		return err
	}
	policy := e.client.Policy
	return e.token.Judge(storage.RotationRule{Grace: policy.RefreshGrace, Retry: policy.RefreshRetry, MostRepeats: 5})
}

// rotate moves the family on, with an access token.
func (e *exchange) rotate(ctx context.Context) error {
	e.batch.Rotate(e.token, e.issued.refresh)
	return e.issueUnderGrant(ctx)
}

// refreshInPlace makes an access token for a refresh token that stays as it is.
func (e *exchange) refreshInPlace(ctx context.Context) error {
	e.batch.RequireLiveGrant(e.token.Grant.ID)
	return e.issueUnderGrant(ctx)
}

func (e *exchange) issueUnderGrant(ctx context.Context) error {
	g := e.token.Grant
	return e.issue(ctx, g.ID, g.UserID, g.Scope, g.Session)
}

// issue makes the access token, if it is one that leaves a row, and all writes of the request.
func (e *exchange) issue(ctx context.Context, grantID, userID, scope string, session *storage.Session) error {
	e.queueAccessToken(grantID, userID, scope, session)
	return e.batch.Flush(ctx)
}

func (e *exchange) queueAccessToken(grantID, userID, scope string, session *storage.Session) {
	if e.client.Policy.AccessToken != storage.AccessTokenOpaque {
		return
	}
	e.batch.QueueAccessToken(storage.AccessToken{
		ID: storage.Hash(e.issued.accessToken), AccessTokenID: e.store.NewID(), Kind: storage.KindAccessToken,
		ClientID: e.client.ID, UserID: userID, GrantID: grantID, Scope: scope, Session: session,
		CreatedAt: e.store.Now(), ExpiresAt: e.store.Now().Add(e.client.Policy.AccessLifetime),
	})
}

// queueCode queues a code as an authorization request does, and returns its value.
func (e *exchange) queueCode(grantID string, session *storage.Session) string {
	e.issued.code = "code " + e.store.NewID()
	e.batch.QueueCode(storage.Code{
		ID: storage.Hash(e.issued.code), CodeID: e.store.NewID(), GrantID: grantID, ClientID: e.client.ID,
		UserID: session.UserID, RedirectURI: session.RedirectURI, SessionID: session.SessionID, Scope: "openid",
		Session: session, CreatedAt: e.store.Now(), ExpiresAt: e.store.Now().Add(e.client.Policy.CodeLifetime),
	})
	return e.issued.code
}

// queueCodeOf queues a code of a user who has no login session.
func (e *exchange) queueCodeOf(t *testing.T, u storage.User) string {
	t.Helper()
	require.NotEmpty(t, u.ID)
	return e.queueCode(e.store.NewID(), &storage.Session{UserID: u.ID, Subject: u.ID, RedirectURI: RedirectURI})
}
