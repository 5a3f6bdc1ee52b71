package storagetest

import (
	"context"
	"testing"

	"github.com/ory/fosite"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// exchange is one token request, with the calls that fosite's handlers make to storage in their order.
type exchange struct {
	unit    *storage.UnitOfWork
	storage storage.Fosite
	request fosite.Requester
}

// newExchange begins a request of a client that has authenticated by its first connection, and makes the tokens that it
// will answer with.
func newExchange(store *storage.Store, client *storage.Client) *exchange {
	unit := store.NewUnitOfWork()
	unit.Client = client.WithConnection(client.Connections[0])
	unit.Issued = storage.Issued{
		AccessToken: "access token " + store.NewID(), AccessTokenID: store.NewID(),
		AccessExpiresAt: store.Now() + client.Policy.AccessLifetime,
		RefreshTokenID:  store.NewID(), RefreshExpiresAt: store.Now() + client.Policy.RefreshLifetime,
	}
	return &exchange{unit: unit, storage: storage.Fosite{Store: store}}
}

// presentCode reads the code.
func (e *exchange) presentCode(ctx context.Context, value string) (err error) {
	ctx = e.unit.Context(ctx)
	e.request, err = e.storage.GetAuthorizeCodeSession(ctx, string(storage.Hash(value)), nil)
	return err
}

// redeemCode makes the grant of the code that was presented, with an access token.
func (e *exchange) redeemCode(ctx context.Context) error {
	ctx = e.unit.Context(ctx)
	if err := e.storage.InvalidateAuthorizeCodeSession(ctx, ""); err != nil {
		return err
	}
	return e.issue(ctx)
}

// presentRefreshToken reads the grant of a refresh token by its signature.
func (e *exchange) presentRefreshToken(ctx context.Context, signature string) (err error) {
	e.request, err = e.storage.GetRefreshTokenSession(e.unit.Context(ctx), signature, nil)
	return err
}

// rotate moves the family on, with an access token.
func (e *exchange) rotate(ctx context.Context) error {
	ctx = e.unit.Context(ctx)
	if err := e.storage.RotateRefreshToken(ctx, e.request.GetID(), ""); err != nil {
		return err
	}
	return e.issue(ctx)
}

// refreshInPlace makes an access token for a refresh token that stays as it is.
func (e *exchange) refreshInPlace(ctx context.Context) error { return e.issue(e.unit.Context(ctx)) }

func (e *exchange) issue(ctx context.Context) error {
	signature := string(storage.Hash(e.unit.Issued.AccessToken))
	if err := e.storage.CreateAccessTokenSession(ctx, signature, e.request); err != nil {
		return err
	}
	if err := e.storage.CreateRefreshTokenSession(ctx, "", signature, e.request); err != nil {
		return err
	}
	return e.unit.Flush(ctx)
}

// queueCode queues a code as an authorization request does, and returns its value.
func (e *exchange) queueCode(t *testing.T, u storage.User) string {
	t.Helper()
	store := e.storage.Store
	e.unit.Issued.Code, e.unit.Issued.CodeID = "code "+store.NewID(), store.NewID()
	request := fosite.NewRequest()
	request.ID = store.NewID()
	request.Client = e.unit.Client
	request.GrantedScope = fosite.Arguments{"openid"}
	request.Session = &storage.Session{UserID: u.ID, Subject: u.ID, RedirectURI: RedirectURI}
	require.NoError(t, e.storage.CreateAuthorizeCodeSession(e.unit.Context(t.Context()), "", request))
	return e.unit.Issued.Code
}
