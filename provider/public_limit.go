package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// maximumPublicRequest bounds a request that is stored for a client of anybody, in bytes.
const maximumPublicRequest = 16 << 10

// publicLimit bounds what an endpoint stores for clients of anybody, so that nobody fills the database: those that
// authenticate by nothing, and those that a document describes, whose keys are whatever its author put there.
type publicLimit struct {
	rate *inbound.SharedLimit // of one address
	now  func() time.Time
}

func newPublicLimit(limits *inbound.RateLimits, name string, perHour int64, now func() time.Time) publicLimit {
	return publicLimit{
		rate: limits.New(inbound.Quota{Name: name, Requests: perHour, Window: time.Hour}), now: now,
	}
}

// checkFound refuses what comes too often for a client that a document describes and that signs: before its assertion
// is looked at, whose id is stored.
func (l *publicLimit) checkFound(ctx context.Context, client *storage.Client) error {
	if client.Document == nil || client.IsPublic() {
		return nil
	}
	return l.take(ctx)
}

// check refuses what is too large or too often for such a client, but for what checkFound counted; of another it
// refuses nothing.
func (l *publicLimit) check(r *http.Request, client *storage.Client, form url.Values) error {
	if client.Document == nil && !client.IsPublic() {
		return nil
	}
	if size := len(form.Encode()); size > maximumPublicRequest {
		return oauth.NewError(http.StatusRequestEntityTooLarge, oauth.CodeInvalidRequest, fmt.Sprintf(
			"The parameters are %d bytes: want %d at most of a client that does not authenticate, or that a document describes.",
			size, maximumPublicRequest))
	}
	if !client.IsPublic() {
		return nil
	}
	return l.take(r.Context())
}

// take counts a request of the address of a context.
func (l *publicLimit) take(ctx context.Context) error {
	allowance := l.rate.Take(inbound.Network(inbound.RequestFrom(ctx).Address()), l.now())
	if allowance.Wait > 0 {
		return oauth.TooManyRequests(allowance, "Too many requests came from this address")
	}
	return nil
}

// findClientOf returns what finds the client of a request to an endpoint, and counts the request of one of anybody that
// signs.
func findClientOf(p *Provider) func(ctx context.Context, endpoint, id string) (*storage.Client, error) {
	return func(ctx context.Context, endpoint, id string) (*storage.Client, error) {
		client, err := p.documented.FindAt(ctx, endpoint, id)
		if err != nil {
			return nil, err
		}
		switch endpoint {
		case oauth.PathPushedRequest:
			err = p.pushedRequests.limit.checkFound(ctx, client)
		case oauth.PathDevice:
			err = p.devices.authorization.limit.checkFound(ctx, client)
		}
		return client, err
	}
}
