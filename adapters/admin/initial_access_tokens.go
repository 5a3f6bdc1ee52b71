package admin

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// InitialAccessToken lets whoever has it register a number of clients (RFC 7591 section 3).
type InitialAccessToken struct {
	ID        string     `json:"id" format:"uuid"`
	Name      string     `json:"name" doc:"For whom it was made."`
	Remaining int64      `json:"remaining" doc:"How many clients it can still register."`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func newInitialAccessToken(t storage.InitialAccessToken) InitialAccessToken {
	return InitialAccessToken{
		ID: t.ID, Name: t.Name, Remaining: t.Remaining, CreatedAt: moment(t.CreatedAt), ExpiresAt: moment(t.ExpiresAt),
	}
}

const (
	registrationTag         = "registration"
	initialAccessTokensPath = "/initial-access-tokens"
)

func (a *API) registerInitialAccessTokens() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-initial-access-tokens", Method: http.MethodGet, Path: initialAccessTokensPath,
		Tags: []string{registrationTag}, Summary: "List the initial access tokens that have not expired, the oldest first",
	}, a.listInitialAccessTokens)
	register(a, operator.Clients, huma.Operation{
		OperationID: "create-initial-access-token", Method: http.MethodPost, Path: initialAccessTokensPath,
		Tags: []string{registrationTag}, Summary: "Create an initial access token", DefaultStatus: http.StatusCreated,
		Errors: creationErrors,
	}, a.createInitialAccessToken)
	register(a, operator.Clients, huma.Operation{
		OperationID: "delete-initial-access-token", Method: http.MethodDelete, Path: initialAccessTokensPath + "/{id}",
		Tags: []string{registrationTag}, Summary: "End an initial access token",
		Description: "The clients that were registered with it stay.",
	}, func(ctx context.Context, in *scopeSetPath) (*struct{}, error) {
		return nil, a.store.DeleteInitialAccessToken(ctx, in.ID)
	})
}

func (a *API) listInitialAccessTokens(ctx context.Context, _ *struct{}) (*listOutput[InitialAccessToken], error) {
	tokens, err := a.store.ListInitialAccessTokens(ctx)
	if err != nil {
		return nil, err
	}
	return whole(tokens, newInitialAccessToken), nil
}

// NewInitialAccessToken is what an initial access token is created with.
type NewInitialAccessToken struct {
	ID            string `json:"id,omitempty" format:"uuid" doc:"Left out, one is made."`
	Name          string `json:"name" minLength:"1" maxLength:"500" doc:"For whom it is made."`
	Registrations int64  `json:"registrations,omitempty" minimum:"1" maximum:"10000" default:"1"`
	Days          int64  `json:"days,omitempty" minimum:"1" maximum:"3650" default:"30"`
}

type createInitialAccessTokenInput struct {
	Once
	Body NewInitialAccessToken
}

// CreatedInitialAccessToken is a token with its value, this once.
type CreatedInitialAccessToken struct {
	InitialAccessToken
	Value string `json:"initial_access_token,omitempty" doc:"The token. It is shown this once only."`
}

type createInitialAccessTokenOutput struct{ Body CreatedInitialAccessToken }

func (a *API) createInitialAccessToken(
	ctx context.Context, in *createInitialAccessTokenInput,
) (*createInitialAccessTokenOutput, error) {
	if err := registration.ValidateText(in.Body.Name); err != nil {
		return nil, invalid("body.name", err.Error(), in.Body.Name)
	}
	value, err := oauth.RandomText(rand.Reader, oauth.TokenBytes)
	if err != nil {
		return nil, err
	}
	const request = "create-initial-access-token"
	made, err := a.create(ctx, in.Once, in.Body.ID, request, func(ctx context.Context, id string) error {
		now := a.store.Now()
		return a.store.CreateInitialAccessToken(ctx, storage.InitialAccessToken{
			ID: id, Hash: storage.Hash(value), Name: in.Body.Name, Remaining: in.Body.Registrations, CreatedAt: now,
			ExpiresAt: now.AddDate(0, 0, int(in.Body.Days)),
		})
	})
	if err != nil {
		return nil, err
	}
	tokens, err := a.store.ListInitialAccessTokens(ctx)
	if err != nil {
		return nil, err
	}
	for _, token := range tokens {
		if token.ID != made.id {
			continue
		}
		out := &createInitialAccessTokenOutput{
			Body: CreatedInitialAccessToken{InitialAccessToken: newInitialAccessToken(token), Value: value},
		}
		if made.repeated {
			out.Body.Value = ""
		}
		return out, nil
	}
	return nil, made.explain(storage.ErrNotFound)
}
