package admin

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

const sessionTag = "sessions"

// sessions are the operations on the sessions of all users.
type sessions struct{ *API }

func (a sessions) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-sessions", Method: http.MethodGet, Path: "/sessions", Tags: []string{sessionTag},
		Summary: "List live sessions, the newest first",
	}, a.listSessions)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: "/sessions/{session_id}", Tags: []string{sessionTag},
		Summary:     "End a session",
		Description: "Clients of the session are told by the back channel. Offline access stays.",
	}, a.endSession)
}

type listSessionsInput struct {
	Paging
	UserID  string `query:"user_id" format:"uuid"`
	Address string `query:"address" maxLength:"64" doc:"The whole address from which it was used last."`
}

func (a sessions) listSessions(ctx context.Context, in *listSessionsInput) (*listOutput[Session], error) {
	filter := storage.LoginSessionFilter{UserID: in.UserID, Address: in.Address}
	sessions, total, err := a.store.PageOfLoginSessions(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(sessions, total, newSession), nil
}

type anySessionPath struct {
	SessionID string `path:"session_id" format:"uuid"`
}

func (a sessions) endSession(ctx context.Context, in *anySessionPath) (*struct{}, error) {
	filter := storage.LoginSessionFilter{SessionID: in.SessionID}
	sessions, _, err := a.store.PageOfLoginSessions(ctx, filter, storage.Page{Size: 1})
	if err != nil {
		return nil, err
	}
	if len(sessions) == 0 {
		return nil, notFound("The session")
	}
	_, err = a.store.EndLoginSessionOf(ctx, sessions[0].UserID, in.SessionID)
	return nil, err
}
