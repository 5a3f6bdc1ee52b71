package registration

import (
	"context"
	"net/http"
	"sync"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
)

const (
	documentsAtOnce       = 16 // that are fetched
	documentsOfHostAtOnce = 4  // so that one that takes its time leaves the others theirs
)

// documentFetches counts the fetches of documents that are on their way.
type documentFetches struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by the host
}

// begin counts a fetch until its end is told. ok is false where there are too many.
func (f *documentFetches) begin(host string) (end func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= documentsAtOnce || f.of[host] >= documentsOfHostAtOnce {
		return nil, false
	}
	f.all++
	f.of[host]++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.all--
		if f.of[host]--; f.of[host] == 0 {
			delete(f.of, host)
		}
	}, true
}

// fetchRefused is the error of a document that is not asked for now.
type fetchRefused struct{ answer *oauth.Error }

func (e *fetchRefused) Error() string { return e.answer.Error() }

// admit decides whether a document is fetched: whoever waits for one that is on its way costs nothing.
func (d *Documents) admit(ctx context.Context, address string) (end func(), err error) {
	allowance := d.rate.Take(inbound.Network(inbound.RequestFrom(ctx).Address()), d.now())
	if allowance.Wait > 0 {
		return nil, &fetchRefused{oauth.TooManyRequests(allowance, "Too many documents were asked for from this address")}
	}
	host, err := documentHost(address)
	if err != nil {
		return nil, err
	}
	end, ok := d.fetches.begin(host)
	if !ok {
		refused := oauth.NewError(http.StatusServiceUnavailable, oauth.CodeTemporarilyUnavailable,
			"Too many documents are being read. Please try again later.")
		refused.RetryAfter = 1
		return nil, &fetchRefused{refused}
	}
	return end, nil
}
