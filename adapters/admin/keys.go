package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/jwks"
	"ithildin/provider/operator"
)

// Key is a signing key, without its private part.
type Key struct {
	ID          string     `json:"id" doc:"The kid of the tokens that it signs."`
	Algorithm   string     `json:"algorithm"`
	State       string     `json:"state" doc:"pending: published, and signs later; active; retired: verifies only."`
	CreatedAt   *time.Time `json:"created_at,omitempty"`
	ActivatesAt *time.Time `json:"activates_at,omitempty"`
	RetiresAt   *time.Time `json:"retires_at,omitempty"`
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
}

func newKey(k jwks.KeyInfo) Key {
	return Key{
		ID: k.ID, Algorithm: k.Algorithm, State: string(k.State), CreatedAt: moment(k.CreatedAt),
		ActivatesAt: moment(k.ActivatesAt), RetiresAt: moment(k.RetiresAt), ExpiresAt: moment(k.ExpiresAt),
	}
}

const keyTag = "keys"

func (a *API) registerKeys() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: "/keys", Tags: []string{keyTag},
		Summary: "List the signing keys, by algorithm, the newest first",
	}, func(context.Context, *struct{}) (*listOutput[Key], error) { return whole(a.keys.Keys(), newKey), nil })
	register(a, operator.Keys, huma.Operation{
		OperationID: "rotate-keys", Method: http.MethodPost, Path: "/keys/rotate", Tags: []string{keyTag},
		Summary:     "Publish a new signing key of an algorithm",
		Description: "It signs when every cache has it; the key before verifies until the last token is over.",
	}, a.rotateKeys)
}

// KeyRotation is which key is rotated.
type KeyRotation struct {
	Algorithm string `json:"algorithm" enum:"RS256,ES256,EdDSA"`
}

type rotateKeysInput struct{ Body KeyRotation }

func (a *API) rotateKeys(ctx context.Context, in *rotateKeysInput) (*listOutput[Key], error) {
	err := a.keys.Rotate(ctx, in.Body.Algorithm)
	switch {
	case errors.Is(err, jwks.ErrPending):
		return nil, conflict("A key of this algorithm was published and does not sign yet; it takes over by itself.")
	case errors.Is(err, jwks.ErrNoKey):
		return nil, invalid("body.algorithm", "the server does not sign with it", in.Body.Algorithm)
	case err != nil:
		return nil, err
	}
	return whole(a.keys.Keys(), newKey), nil
}
