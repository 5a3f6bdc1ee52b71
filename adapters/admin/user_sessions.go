package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// Session is a sign-in of a user in one browser.
type Session struct {
	ID         string     `json:"id" format:"uuid" doc:"The sid of ID tokens and logout tokens."`
	UserID     string     `json:"user_id" format:"uuid"`
	UserAgent  string     `json:"user_agent" doc:"What the browser calls itself."`
	Address    string     `json:"address" doc:"From where it was used last."`
	AuthTime   *time.Time `json:"auth_time,omitempty"`
	ACR        string     `json:"acr,omitempty"`
	AMR        []string   `json:"amr" nullable:"false" doc:"How the user showed who they are (RFC 8176)."`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	CreatedAt  *time.Time `json:"created_at,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
}

func newSession(s storage.LoginSession) Session {
	return Session{
		ID: s.SessionID, UserID: s.UserID, UserAgent: s.UserAgent, Address: s.Address, AuthTime: moment(s.AuthTime),
		ACR: s.ACR, AMR: append([]string{}, s.AMR...), LastUsedAt: moment(s.LastUsedAt), CreatedAt: moment(s.CreatedAt),
		ExpiresAt: moment(s.ExpiresAt),
	}
}

func (a users) registerSessions() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-user-sessions", Method: http.MethodGet, Path: "/users/{user_id}/sessions",
		Tags: []string{userTag}, Summary: "List the live sessions of a user, the newest first",
	}, a.listSessions)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "end-user-sessions", Method: http.MethodDelete, Path: "/users/{user_id}/sessions",
		Tags: []string{userTag}, Summary: "End every session of a user",
		Description: "Clients of the sessions are told by the back channel. Offline access stays.",
	}, a.endSessions)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "end-user-session", Method: http.MethodDelete, Path: "/users/{user_id}/sessions/{session_id}",
		Tags: []string{userTag}, Summary: "End a session of a user",
	}, a.endSession)
}

func (a users) listSessions(ctx context.Context, in *UserPath) (*listOutput[Session], error) {
	if _, err := a.store.FindUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	sessions, err := a.store.ListLoginSessions(ctx, in.UserID)
	if err != nil {
		return nil, err
	}
	return whole(sessions, newSession), nil
}

func (a users) endSessions(ctx context.Context, in *UserPath) (*struct{}, error) {
	if _, err := a.store.FindUser(ctx, in.UserID); err != nil {
		return nil, err
	}
	_, err := a.store.EndLoginSessions(ctx, in.UserID)
	return nil, err
}

type sessionPath struct {
	UserPath
	SessionID string `path:"session_id" format:"uuid"`
}

func (a users) endSession(ctx context.Context, in *sessionPath) (*struct{}, error) {
	_, err := a.store.EndLoginSessionOf(ctx, in.UserID, in.SessionID)
	return nil, err
}
