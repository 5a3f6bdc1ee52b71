package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// LogoutDelivery is a client that has to be told of the end of a session (OpenID Connect Back-Channel Logout).
type LogoutDelivery struct {
	ID        string     `json:"id" format:"uuid"`
	ClientID  string     `json:"client_id"`
	UserID    string     `json:"user_id,omitempty"`
	SessionID string     `json:"session_id"`
	Attempts  int64      `json:"attempts" doc:"How often it was tried."`
	NextAt    *time.Time `json:"next_at,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it is given up."`
}

func newLogoutDelivery(d storage.LogoutDelivery) LogoutDelivery {
	return LogoutDelivery{
		ID: d.ID, ClientID: d.ClientID, UserID: d.UserID, SessionID: d.SessionID, Attempts: d.Attempts,
		NextAt: moment(d.NextAt), CreatedAt: moment(d.CreatedAt), ExpiresAt: moment(d.ExpiresAt),
	}
}

// Mail is a mail that waits to be sent, without its address and content.
type Mail struct {
	ID        string     `json:"id" format:"uuid"`
	Purpose   string     `json:"purpose"`
	UserID    string     `json:"user_id,omitempty"`
	Attempts  int64      `json:"attempts" doc:"How often it was tried."`
	NextAt    *time.Time `json:"next_at,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When it is given up."`
}

func newMail(m storage.QueuedMail) Mail {
	return Mail{
		ID: m.ID, Purpose: m.Purpose, UserID: m.UserID, Attempts: m.Attempts, NextAt: moment(m.NextAt),
		CreatedAt: moment(m.CreatedAt), ExpiresAt: moment(m.ExpiresAt),
	}
}

// Setting is a setting as the server runs with it.
type Setting struct {
	Name  string `json:"name" doc:"The name of its variable."`
	Value string `json:"value" doc:"Its value; of secrets, how many there are."`
}

// Health is how the process that answered is.
type Health struct {
	Status  string            `json:"status" enum:"ready,unavailable"`
	Checks  map[string]string `json:"checks" doc:"Each is ok, or what is wrong."`
	Version string            `json:"version" doc:"Of the program."`
	Issuer  string            `json:"issuer"`
}

const serverTag = "server"

type queueInput struct{ Paging }

func (a *API) registerQueues() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-logout-deliveries", Method: http.MethodGet, Path: "/logout-deliveries", Tags: []string{serverTag},
		Summary: "List the clients that have to be told of a logout yet",
	}, func(ctx context.Context, in *queueInput) (*listOutput[LogoutDelivery], error) {
		deliveries, total, err := a.store.PageOfLogoutDeliveries(ctx, in.page())
		if err != nil {
			return nil, err
		}
		return listOf(deliveries, total, newLogoutDelivery), nil
	})
	register(a, operator.Read, huma.Operation{
		OperationID: "list-mails", Method: http.MethodGet, Path: "/mails", Tags: []string{serverTag},
		Summary: "List the mails that wait to be sent, without addresses and contents",
	}, func(ctx context.Context, in *queueInput) (*listOutput[Mail], error) {
		mails, total, err := a.store.PageOfQueuedMails(ctx, in.page())
		if err != nil {
			return nil, err
		}
		return listOf(mails, total, newMail), nil
	})
}

type healthOutput struct{ Body Health }

func (a *API) registerServer() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-settings", Method: http.MethodGet, Path: "/settings", Tags: []string{serverTag},
		Summary:     "List the settings that the process which answers runs with",
		Description: "Secrets are masked. What SIGHUP has read again since the start is not seen here.",
	}, func(context.Context, *struct{}) (*listOutput[Setting], error) {
		return whole(a.settings, func(s Setting) Setting { return s }), nil
	})
	register(a, operator.Read, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/health", Tags: []string{serverTag},
		Summary: "Read how the process which answers is",
	}, a.health)
}

func (a *API) health(context.Context, *struct{}) (*healthOutput, error) {
	health := Health{Status: "ready", Checks: a.checks(), Version: a.version, Issuer: a.provider.Issuer()}
	for _, check := range health.Checks {
		if check != "ok" {
			health.Status = "unavailable"
		}
	}
	return &healthOutput{Body: health}, nil
}
