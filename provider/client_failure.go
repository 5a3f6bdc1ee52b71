package provider

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

// clientFailures are the failed authentications of clients. Each is counted; the audit has one now and then, which says how
// many there were.
type clientFailures struct {
	limit FailureLimit
	mu    sync.Mutex
	audit *rate.Limiter // over all, since anybody can make up clients and addresses
}

// auditedFailures are how many events about failures are kept in a minute.
const auditedFailures = 60

// failureKey names a client as it was claimed, known or not, from the network of a request.
func failureKey(ctx context.Context, clientID string) string {
	return inbound.Network(inbound.RequestFrom(ctx).Address()) + " " + clientID
}

// authenticationFailed counts that a client did not prove itself, once a request, and returns the answer to it: the cause, or
// 429 where there were too many failures of that client from that network.
func (p *Provider) authenticationFailed(ctx context.Context, method, clientID string, cause *oauth.Error) error {
	request := inbound.RequestFrom(ctx)
	if request.AuthenticationFailed != nil {
		return request.AuthenticationFailed
	}
	wait, total, report := p.clientFailures.limit.Failed(failureKey(ctx, clientID), p.now())
	request.AuthenticationFailed = cause
	result := "refused"
	if wait > 0 {
		result = "limited"
		request.AuthenticationFailed = tooManyFailures(wait).Because(cause)
	}
	p.metrics.authenticationFailures.WithLabelValues(method, result).Inc()
	if report && p.clientFailures.mayAudit(p.now()) {
		p.auditFailures(ctx, clientID, total)
	}
	return request.AuthenticationFailed
}

// clientAuthenticated counts that a client proved itself, once a request.
func (p *Provider) clientAuthenticated(ctx context.Context, method string) {
	request := inbound.RequestFrom(ctx)
	if !request.Authenticated {
		request.Authenticated = true
		p.metrics.authentications.WithLabelValues(method).Inc()
	}
}

func (f *clientFailures) mayAudit(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.audit == nil {
		f.audit = rate.NewLimiter(rate.Every(time.Minute/auditedFailures), auditedFailures)
	}
	return f.audit.AllowN(now, 1)
}

// auditFailures keeps an event, of a client that is known under its id, and a line in the log.
func (p *Provider) auditFailures(ctx context.Context, clientID string, total int64) {
	event := storage.Event{
		Kind: storage.EventClientAuthenticationFailed, Address: inbound.RequestFrom(ctx).Address(),
		Details: map[string]string{"failures": strconv.FormatInt(total, 10)},
	}
	if _, err := p.store.Client(ctx, clientID); err == nil {
		event.ClientID = clientID
	} else {
		event.Details["claimed"] = clientID
	}
	p.logger.LogAttrs(ctx, slog.LevelWarn, "clients fail to authenticate", slog.String("client_id", event.ClientID),
		slog.String("address", event.Address), slog.Int64("failures", total))
	if err := p.store.RecordEvents(context.WithoutCancel(ctx), []storage.Event{oauth.IdentifyEvent(ctx, event)}); err != nil {
		p.logger.LogAttrs(ctx, slog.LevelWarn, "the event of a failed authentication was not kept",
			slog.String("client_id", event.ClientID), slog.String("cause", err.Error()))
	}
}

func tooManyFailures(wait time.Duration) *oauth.Error {
	e := oauth.NewError(http.StatusTooManyRequests, oauth.CodeTemporarilyUnavailable, "")
	e.RetryAfter = int64(math.Ceil(wait.Seconds()))
	e.Description = fmt.Sprintf("Too many failed authentications of this client from this address. Please try again in %s.",
		time.Duration(e.RetryAfter)*time.Second)
	return e
}

// asClientFailure is the refusal of a client that did not prove itself, nil for any other error.
func asClientFailure(err error) *oauth.Error {
	var known *oauth.Error
	if errors.As(err, &known) && known.Status == http.StatusUnauthorized {
		return known
	}
	return nil
}

// anyAPIKey stands for the client in the count of wrong api-keys, which name none.
const anyAPIKey = "api-key"

// apiKeyFailed counts a wrong api-key as authenticationFailed does a secret.
func (p *Provider) apiKeyFailed(ctx context.Context) error {
	err := p.authenticationFailed(ctx, methodAPIKey, anyAPIKey,
		oauth.InvalidClient("The api-key is not the secret of a connection.").Because(ErrAPIKeyInvalid))
	if oauth.AsError(err).Status == http.StatusTooManyRequests {
		return err
	}
	return ErrAPIKeyInvalid
}

// apiKeyWasRight counts it, and remembers a weak key, so that it is looked up whatever others guess.
func (p *Provider) apiKeyWasRight(ctx context.Context, probe storage.APIKeyProbe) {
	p.clientAuthenticated(ctx, methodAPIKey)
	if _, known := p.rightAPIKeys.get(string(probe.Lookup)); !known && probe.Lookup != nil {
		p.rightAPIKeys.put(string(probe.Lookup), true)
	}
}
