package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"ithildin/jwks"
	"ithildin/provider/outbound"
	"ithildin/storage"
)

const (
	typeLogoutToken = "logout+jwt"
	eventLogout     = "http://schemas.openid.net/event/backchannel-logout"
	// logoutTokenLifetime is what the specification recommends at most (OIDC Back-Channel Logout 2.4).
	logoutTokenLifetime = 2 * time.Minute
	// logoutTimeout is how long a browser waits until clients are notified of its logout.
	logoutTimeout = 2 * time.Second
	// logoutsAtOnce bounds the notices that are sent at the same time, and logoutBatch those that are read at a time.
	logoutsAtOnce = 8
	logoutBatch   = 100
)

// logoutTokenClaims are the claims of a logout token (OIDC Back-Channel Logout 2.4). It has no nonce, by which nobody
// takes it for an ID token.
type logoutTokenClaims struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub,omitempty"`
	Audience  string              `json:"aud"`
	IssuedAt  int64               `json:"iat"`
	ExpiresAt int64               `json:"exp"`
	ID        string              `json:"jti"`
	Events    map[string]struct{} `json:"events"`
	SessionID string              `json:"sid"`
}

// logoutNotifier notifies clients of logouts in the back channel (OIDC Back-Channel Logout 2.5).
type logoutNotifier struct {
	store       *storage.Store
	keys        *jwks.Set
	issuer      string
	identifiers identifiers
	outbound    *outbound.Client
	logger      *slog.Logger
	// countResult is told how each attempt ended, countCall when each call to a client
	// began, and its error.
	countResult func(result string)
	countCall   func(began time.Time, err error)
}

// deliverDue notifies clients of every logout that is due, and returns when each was tried once. Two at once do no
// harm: an attempt is made by one of them. The error is the database's.
func (n *logoutNotifier) deliverDue(ctx context.Context) error {
	for {
		due, err := n.store.DueLogoutDeliveries(ctx, logoutBatch)
		if err != nil {
			return err
		}
		if err := n.deliverAll(ctx, due); err != nil || len(due) < logoutBatch {
			return err
		}
	}
}

// notifyClients delivers the logouts of sessions that have just ended, for as long as a browser can wait. What is not
// delivered by then is left to deliverDue.
func (n *logoutNotifier) notifyClients(ctx context.Context, ended []storage.EndedSession) {
	var deliveries []storage.LogoutDelivery
	for _, session := range ended {
		deliveries = append(deliveries, session.Deliveries...)
	}
	// A browser that leaves is signed out all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTimeout)
	defer cancel()
	if err := n.deliverAll(ctx, deliveries); err != nil {
		n.logger.LogAttrs(ctx, slog.LevelWarn, "logouts were not delivered and will be tried again", slog.Any("error", err))
	}
}

// deliverAll makes the next attempt of each delivery: several clients at a time, and one delivery of each.
func (n *logoutNotifier) deliverAll(ctx context.Context, deliveries []storage.LogoutDelivery) error {
	var clients []string
	ofClient := map[string][]storage.LogoutDelivery{}
	for _, d := range deliveries {
		if ofClient[d.ClientID] == nil {
			clients = append(clients, d.ClientID)
		}
		ofClient[d.ClientID] = append(ofClient[d.ClientID], d)
	}
	failures := make([]error, len(clients))
	free := make(chan struct{}, logoutsAtOnce)
	var running sync.WaitGroup
	for i, id := range clients {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			failures[i] = n.deliverTo(ctx, ofClient[id])
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

// deliverTo tells one client, until it fails to answer: then the rest waits as long as that delivery does, and so does
// what was not read yet.
func (n *logoutNotifier) deliverTo(ctx context.Context, deliveries []storage.LogoutDelivery) error {
	for _, d := range deliveries {
		retryAt := n.store.Now().Add(retryDelay(d.Attempts))
		answered, err := n.deliver(ctx, d, retryAt)
		if err != nil {
			return err
		}
		if !answered {
			return n.store.PostponeLogoutDeliveries(context.WithoutCancel(ctx), d.ClientID, retryAt)
		}
	}
	return nil
}

// deliver makes the next attempt of a delivery, unless another process makes it; the one after it is due at retryAt.
// answered is false where the client did not. The error is the database's.
func (n *logoutNotifier) deliver(
	ctx context.Context,
	d storage.LogoutDelivery,
	retryAt time.Time,
) (answered bool, err error) {
	if ctx.Err() != nil {
		return true, nil // the time is up: a later attempt will be whole
	}
	claimed, err := n.store.ClaimLogoutDelivery(ctx, d, retryAt)
	if err != nil || !claimed {
		return true, err
	}
	client, err := n.store.Client(ctx, d.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return true, nil // the delivery went with it
	}
	if err != nil {
		return false, err
	}
	if client.Metadata.BackchannelLogoutURI == "" { // it no longer wants to be notified of logouts
		return true, n.store.DeleteLogoutDelivery(ctx, d.ID)
	}
	status, err := n.sendLogoutToken(ctx, client, d)
	result, over := logoutResult(status, err)
	n.countResult(result)
	if result != logoutDelivered {
		n.logger.LogAttrs(
			ctx,
			slog.LevelWarn,
			"a client was not told of a logout",
			slog.String("client_id", d.ClientID),
			slog.String("result", result),
			slog.Int("status", status),
			slog.Int64("attempt", d.Attempts+1),
			slog.Any("error", err),
		)
	}
	if !over {
		return false, nil
	}
	// Once the client has answered, that is kept, however little time is left.
	return true, n.store.DeleteLogoutDelivery(context.WithoutCancel(ctx), d.ID)
}

// The results of an attempt.
const (
	logoutDelivered = "delivered"
	logoutFailed    = "failed"  // and will be tried again
	logoutRefused   = "refused" // and will not
)

// logoutResult reads the client's answer (OIDC Back-Channel Logout 2.8); over says that there is nothing left to try.
func logoutResult(status int, err error) (result string, over bool) {
	switch {
	case err != nil:
		return logoutFailed, false
	case status == http.StatusOK, status == http.StatusNoContent:
		return logoutDelivered, true
	case status == http.StatusBadRequest:
		return logoutRefused, true
	}
	return logoutFailed, false
}

// sendLogoutToken returns the status that the client answered with.
func (n *logoutNotifier) sendLogoutToken(
	ctx context.Context,
	client *storage.Client,
	d storage.LogoutDelivery,
) (int, error) {
	now := n.store.Now().Unix()
	token, err := n.keys.Sign(idTokenAlgorithm(client), typeLogoutToken, logoutTokenClaims{
		Issuer: n.issuer, Subject: d.Subject, Audience: client.ID,
		IssuedAt: now, ExpiresAt: now + int64(logoutTokenLifetime/time.Second), ID: n.store.NewID(),
		Events: map[string]struct{}{eventLogout: {}}, SessionID: n.identifiers.sid(d.SessionID, client.ID),
	})
	if err != nil {
		return 0, fmt.Errorf("logout token: %w", err)
	}
	began := time.Now()
	status, err := n.outbound.PostForm(ctx, client.Metadata.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	n.countCall(began, err)
	return status, err
}

// retryDelay is how long to wait after an attempt that came to nothing: twice as long each time, an hour at
// most, and up to half of that more, so that those who failed together do not come back together.
func retryDelay(attempts int64) time.Duration {
	delay := min(10*time.Second<<min(attempts, 9), time.Hour)
	return delay + rand.N(delay/2)
}
