package clientauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// clientFailures are the failed authentications of clients. Each is counted; the audit has one now and then, which says
// how many there were.
type clientFailures struct {
	limit *FailureLimit
	mu    sync.Mutex
	audit *rate.Limiter // over all, since anybody can make up clients and addresses
}

// auditedFailures are how many events about failures are kept in a minute.
const auditedFailures = 60

// failureKey names a client as it was claimed, known or not, from the network of a request.
func failureKey(ctx context.Context, clientID string) string {
	return inbound.Network(inbound.RequestFrom(ctx).Address()) + " " + clientID
}

// Failed counts that a client did not prove itself by a method, and returns the answer to it: the cause, or 429 where
// there were too many failures of that client from that network.
func (a *Authenticator) Failed(ctx context.Context, method, clientID string, cause *oauth.Error) error {
	wait, total, report := a.failures.limit.Failed(failureKey(ctx, clientID), a.now())
	failed, result := cause, "refused"
	if wait > 0 {
		failed, result = tooManyFailures(wait).Because(cause), "limited"
	}
	a.countFailure(method, result)
	if report && a.failures.mayAudit(a.now()) {
		a.auditFailures(ctx, clientID, total)
	}
	return failed
}

// Authenticated counts that a client proved itself by a method.
func (a *Authenticator) Authenticated(method string) { a.countSuccess(method) }

func (f *clientFailures) mayAudit(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.audit == nil {
		f.audit = rate.NewLimiter(rate.Every(time.Minute/auditedFailures), auditedFailures)
	}
	return f.audit.AllowN(now, 1)
}

// auditFailures keeps an event, of a client that is known under its id, and a line in the log.
func (a *Authenticator) auditFailures(ctx context.Context, clientID string, total int64) {
	event := storage.Event{
		Kind: storage.EventClientAuthenticationFailed, Address: inbound.RequestFrom(ctx).Address(),
		Details: map[string]string{"failures": strconv.FormatInt(total, 10)},
	}
	if _, err := a.store.Client(ctx, clientID); err == nil {
		event.ClientID = clientID
	} else {
		event.Details["claimed"] = clientID
	}
	a.logger.LogAttrs(ctx, slog.LevelWarn, "clients fail to authenticate", slog.String("client_id", event.ClientID),
		slog.String("address", event.Address), slog.Int64("failures", total))
	if err := a.store.RecordEvents(context.WithoutCancel(ctx),
		[]storage.Event{oauth.IdentifyEvent(ctx, event)}); err != nil {
		a.logger.LogAttrs(ctx, slog.LevelWarn, "the event of a failed authentication was not kept",
			slog.String("client_id", event.ClientID), slog.String("cause", err.Error()))
	}
}

func tooManyFailures(wait time.Duration) *oauth.Error {
	e := oauth.NewError(http.StatusTooManyRequests, oauth.CodeTemporarilyUnavailable, "")
	e.RetryAfter = int64(math.Ceil(wait.Seconds()))
	e.Description = fmt.Sprintf("Too many failed authentications of this client from this address. Please try again in "+
		"%s.",
		time.Duration(e.RetryAfter)*time.Second)
	return e
}

// AsFailure is the refusal of a client that did not prove itself, nil for any other error.
func AsFailure(err error) *oauth.Error {
	var known *oauth.Error
	if errors.As(err, &known) && known.Status == http.StatusUnauthorized {
		return known
	}
	return nil
}
