package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// Token is a token of any kind that has a row, without its value, which is not known.
type Token struct {
	ID        string     `json:"id" format:"uuid"`
	Kind      string     `json:"kind" enum:"authorization_code,refresh_token,access_token,2fa_access_token,change_password_token"`
	ClientID  string     `json:"client_id"`
	UserID    string     `json:"user_id,omitempty" doc:"Absent for a token of the client itself."`
	Scope     []string   `json:"scope" nullable:"false"`
	State     string     `json:"state" enum:"live,over" doc:"over: it has expired or was revoked."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent for one that was revoked."`
}

// Approval is what a user lets a client have.
type Approval struct {
	ID        string     `json:"id" format:"uuid"`
	UserID    string     `json:"user_id" format:"uuid"`
	ClientID  string     `json:"client_id"`
	Scope     []string   `json:"scope" nullable:"false"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	UpdatedAt *time.Time `json:"updated_at,omitempty"`
}

func newApproval(p storage.Approval) Approval {
	return Approval{
		ID: p.ID, UserID: p.UserID, ClientID: p.ClientID, Scope: append([]string{}, p.Scope...),
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
}

const issuedTag = "tokens and approvals"

func (a *API) registerIssued() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-tokens", Method: http.MethodGet, Path: "/tokens", Tags: []string{issuedTag},
		Summary:     "List tokens without their values, those first that expire last",
		Description: "A refresh token stands for its grant. An access token that is a JWT leaves no row, and is not here.",
	}, a.listTokens)
	register(a, operator.Users, huma.Operation{
		OperationID: "end-token", Method: http.MethodDelete, Path: "/tokens/{token_id}", Tags: []string{issuedTag},
		Summary: "End a token",
	}, func(ctx context.Context, in *tokenPath) (*struct{}, error) {
		return nil, a.store.DeleteIssued(ctx, in.TokenID)
	})
	register(a, operator.Read, huma.Operation{
		OperationID: "list-approvals", Method: http.MethodGet, Path: "/approvals", Tags: []string{issuedTag},
		Summary: "List what users let clients have",
	}, a.listApprovals)
	register(a, operator.Users, huma.Operation{
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

func (a *API) listTokens(ctx context.Context, in *listTokensInput) (*listOutput[Token], error) {
	filter := storage.IssuedFilter{ClientID: in.ClientID, UserIDs: one(in.UserID), Kinds: one(in.Kind)}
	tokens, total, err := a.store.PageOfIssued(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	now := a.store.Now()
	return listOf(tokens, total, func(t storage.IssuedToken) Token {
		state := "over"
		if t.ExpiresAt.After(now) {
			state = "live"
		}
		return Token{
			ID: t.ID, Kind: t.Kind, ClientID: t.ClientID, UserID: t.UserID, State: state,
			Scope: append([]string{}, storage.SplitScope(t.Scope)...), ExpiresAt: moment(t.ExpiresAt),
		}
	}), nil
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

func (a *API) listApprovals(ctx context.Context, in *listApprovalsInput) (*listOutput[Approval], error) {
	filter := storage.ApprovalFilter{UserIDs: one(in.UserID), ClientIDs: one(in.ClientID)}
	approvals, total, err := a.store.PageOfApprovals(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(approvals, total, newApproval), nil
}
