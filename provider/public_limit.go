package provider

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// maximumPublicRequest bounds a request that is stored for a client which authenticates by nothing, in bytes.
const maximumPublicRequest = 16 << 10

// publicLimit bounds what an endpoint stores for clients that authenticate by nothing, so that nobody fills the
// database.
type publicLimit struct {
	rate *inbound.SharedLimit // of one address
	now  func() time.Time
}

func newPublicLimit(limits *inbound.RateLimits, name string, perHour int64, now func() time.Time) publicLimit {
	return publicLimit{
		rate: limits.New(inbound.Quota{Name: name, Requests: perHour, Window: time.Hour}), now: now,
	}
}

// check refuses what is too large or too often for such a client; of another it refuses nothing.
func (l *publicLimit) check(r *http.Request, client *storage.Client, form url.Values) error {
	if !client.IsPublic() {
		return nil
	}
	if size := len(form.Encode()); size > maximumPublicRequest {
		return oauth.NewError(http.StatusRequestEntityTooLarge, oauth.CodeInvalidRequest, fmt.Sprintf(
			"The parameters are %d bytes: want %d at most of a client that does not authenticate.", size,
			maximumPublicRequest))
	}
	address := inbound.Network(inbound.RequestFrom(r.Context()).Address())
	allowance := l.rate.Take(address, l.now())
	if allowance.Wait > 0 {
		return oauth.TooManyRequests(allowance, "Too many requests came from this address")
	}
	return nil
}
