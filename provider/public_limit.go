package provider

import (
	"fmt"
	"math"
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
	rate    inbound.RateLimit
	perHour int64 // from one address, at once and again in the course of an hour
	now     func() time.Time
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
	wait := l.rate.Take(address, l.perHour, l.now())
	if wait <= 0 {
		return nil
	}
	refused := oauth.NewError(http.StatusTooManyRequests, oauth.CodeTemporarilyUnavailable,
		"Too many requests came from this address. Please try again later.")
	refused.RetryAfter = int64(math.Ceil(wait.Seconds()))
	return refused
}
