package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// Token is a token of any kind that has a row, without its value, which is not known.
type Token struct {
	ID        string     `json:"id,omitempty" format:"uuid" doc:"Absent for a refresh token that another one has replaced."`
	Kind      string     `json:"kind" enum:"authorization_code,refresh_token,access_token,2fa_access_token,change_password_token"`
	ClientID  string     `json:"client_id"`
	UserID    string     `json:"user_id,omitempty" doc:"Absent for a token of the client itself."`
	Scope     []string   `json:"scope" nullable:"false"`
	State     string     `json:"state" enum:"live,over" doc:"over: it has expired or was revoked."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent for one that was revoked."`
}

func (a issued) newToken(t storage.IssuedToken) Token {
	state := "over"
	if t.ExpiresAt.After(a.store.Now()) {
		state = "live"
	}
	return Token{
		ID: t.ID, Kind: t.Kind, ClientID: t.ClientID, UserID: t.UserID, State: state,
		Scope: append([]string{}, storage.SplitScope(t.Scope)...), ExpiresAt: moment(t.ExpiresAt),
	}
}

// Approval is what a user lets a client have.
type Approval struct {
	ID        string     `json:"id" format:"uuid"`
	UserID    string     `json:"user_id" format:"uuid"`
	ClientID  string     `json:"client_id"`
	Scope     []string   `json:"scope" nullable:"false"`
	Claims    []string   `json:"claims" nullable:"false" doc:"Single claims that the client asked for and the user approved."`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

func newApproval(p storage.Approval) Approval {
	return Approval{
		ID: p.ID, UserID: p.UserID, ClientID: p.ClientID, Scope: append([]string{}, p.Scope...),
		Claims: append([]string{}, p.Claims...), CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
}

const issuedTag = "tokens and approvals"

// issued are the operations on tokens and approvals.
type issued struct{ *API }

func (a issued) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/tokens", Tags: []string{issuedTag},
		Summary:     "List tokens without their values, those first that expire last",
		Description: "A refresh token stands for its grant. An access token that is a JWT leaves no row, and is not here.",
	}, a.listTokens)
	register(a.API, operator.Read, huma.Operation{
		OperationID: "look-up-token", Method: http.MethodPost, Path: "/token-lookups", Tags: []string{issuedTag},
		Summary: "Say whose token a value is: of a token that was found in a log or a mail, say",
		Description: "An authorization code and an opaque token are found as long as they have a row, a JWT and a refresh " +
			"token while they are live. The answer does not have the value.",
		Errors: []int{http.StatusNotFound},
	}, a.lookUpToken)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "end-token", Method: http.MethodDelete, Path: "/tokens/{token_id}", Tags: []string{issuedTag},
		Summary: "End a token",
	}, func(ctx context.Context, in *tokenPath) (*struct{}, error) {
		return nil, a.store.DeleteIssued(ctx, in.TokenID)
	})
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-approvals", Method: http.MethodGet, Path: "/approvals", Tags: []string{issuedTag},
		Summary: "List what users let clients have",
	}, a.listApprovals)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "withdraw-approval", Method: http.MethodDelete, Path: "/approvals/{approval_id}",
		Tags: []string{issuedTag}, Summary: "Withdraw an approval, and end what came of it",
	}, func(ctx context.Context, in *approvalPath) (*struct{}, error) {
		return nil, a.store.DeleteApproval(ctx, in.ApprovalID)
	})
}

type tokenPath struct {
	TokenID string `path:"token_id" format:"uuid"`
}

type approvalPath struct {
	ApprovalID string `path:"approval_id" format:"uuid"`
}

type listTokensInput struct {
	Paging
	UserID   string `query:"user_id" format:"uuid"`
	ClientID string `query:"client_id" maxLength:"255"`
	Kind     string `query:"kind" enum:"authorization_code,refresh_token,access_token,2fa_access_token,change_password_token"`
}

func (a issued) listTokens(ctx context.Context, in *listTokensInput) (*listOutput[Token], error) {
	filter := storage.IssuedFilter{ClientID: in.ClientID, UserIDs: one(in.UserID), Kinds: one(in.Kind)}
	tokens, total, err := a.store.PageOfIssued(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(tokens, total, a.newToken), nil
}

// PresentedToken is a token that somebody found.
type PresentedToken struct {
	Value string `json:"token" minLength:"1" maxLength:"16384" doc:"The whole value. It is neither stored nor logged, and no answer has it."`
}

type lookUpTokenInput struct{ Body PresentedToken }

type tokenOutput struct{ Body Token }

// lookUpToken looks at the rows first, which tell of codes and of tokens that are over; a JWT and a refresh token have
// none by their value.
func (a issued) lookUpToken(ctx context.Context, in *lookUpTokenInput) (*tokenOutput, error) {
	value := in.Body.Value
	rows, _, err := a.store.PageOfIssued(ctx, storage.IssuedFilter{Hash: storage.Hash(value)}, storage.Page{Size: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 {
		return &tokenOutput{Body: a.newToken(rows[0])}, nil
	}
	info, err := a.provider.Tokens().Inspect(ctx, value)
	if errors.Is(err, provider.ErrInactive) {
		problem := notFound("A token of this value that is live or has a row")
		problem.cause = err
		return nil, problem
	}
	if err != nil {
		return nil, err
	}
	return &tokenOutput{Body: a.newToken(storage.IssuedToken{
		ID: info.ID, Kind: info.Kind, ClientID: info.ClientID, UserID: info.UserID, Scope: info.Scope,
		ExpiresAt: info.ExpiresAt,
	})}, nil
}

// one is a filter of one value, nil for none.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

type listApprovalsInput struct {
	Paging
	UserID   string `query:"user_id" format:"uuid"`
	ClientID string `query:"client_id" maxLength:"255"`
}

func (a issued) listApprovals(ctx context.Context, in *listApprovalsInput) (*listOutput[Approval], error) {
	filter := storage.ApprovalFilter{UserIDs: one(in.UserID), ClientIDs: one(in.ClientID)}
	approvals, total, err := a.store.PageOfApprovals(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(approvals, total, newApproval), nil
}
