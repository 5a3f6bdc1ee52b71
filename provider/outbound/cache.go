package outbound

import (
	"context"
	"errors"
	"mime"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

const (
	// How long a document is fresh: as its Cache-Control says (RFC 9111 5.2.2.1), within bounds.
	defaultFreshness = 5 * time.Minute
	minimumFreshness = time.Minute
	maximumFreshness = time.Hour
	// staleness is how long the last good copy serves beyond its freshness, while the other side is away.
	staleness = time.Hour
	// failureMemory is how long nobody asks again after a failure, so that no one can have an address hammered.
	failureMemory = 5 * time.Second
	// refreshPause is the shortest time between the last fetch of an address and a forced one.
	refreshPause = 10 * time.Second

	// maximumEntries bounds a Cache; past it the address that was asked for least recently is forgotten.
	maximumEntries = 500
)

// CacheOptions are what a Cache takes from outside.
type CacheOptions[T any] struct {
	Client *Client
	// Maximum bounds a document, in bytes.
	Maximum int64
	// Parse makes of a document what is kept; its error counts as a failure of the other side.
	Parse func(body []byte) (T, error)
	// Vouched is for documents for which the host of their address must vouch: no redirect is followed, the media type of
	// the answer must be of JSON, and no answer serves beyond its freshness.
	Vouched bool
	// Admit decides before each attempt whether it is made, and returns what is called after it; nil: each one is. Its
	// error goes to whoever asked and to those who wait with them, and is not remembered.
	Admit func(ctx context.Context, address string) (end func(), err error)
	Now   func() time.Time
	// Fetched is told of each attempt when it began, and its error, nil where it brought an answer; nil: nobody is told.
	Fetched func(began time.Time, err error)
}

// Cache keeps what addresses answered. At most one request to an address is on its way at a time, and whoever else
// wants the same waits for it. It is safe for concurrent use; the values are shared and must not be changed.
type Cache[T any] struct {
	options  CacheOptions[T]
	fetching singleflight.Group
	entries  *lru.Cache[string, entry[T]]
}

// entry is what is known of an address.
type entry[T any] struct {
	value       T
	freshUntil  time.Time // zero: there was no good answer yet
	attemptedAt time.Time
	fault       error // of the last attempt
}

// NewCache makes an empty Cache.
func NewCache[T any](o CacheOptions[T]) *Cache[T] {
	entries, err := lru.New[string, entry[T]](maximumEntries)
	if err != nil {
		panic(err) // the size is not above 0
	}
	return &Cache[T]{options: o, entries: entries}
}

// Get returns what an address answered: from memory while it is fresh, else fetched anew. While that fails the last
// good answer serves for an hour more. It waits for as long as the Client takes at most, whatever becomes of the
// context. Errors: ErrRefused, that of Admit, or a fault of the other side.
func (c *Cache[T]) Get(ctx context.Context, address string) (T, error) {
	return c.get(ctx, address, entry[T].due)
}

// Refresh is Get for who found that the answer lacks what it should have. It fetches anew, unless that was done within
// the last ten seconds.
func (c *Cache[T]) Refresh(ctx context.Context, address string) (T, error) {
	return c.get(ctx, address, entry[T].refreshable)
}

func (c *Cache[T]) get(ctx context.Context, address string, due func(entry[T], time.Time) bool) (T, error) {
	if e, _ := c.entries.Get(address); !due(e, c.options.Now()) {
		return e.latest(c.options.Now(), c.staleness())
	}
	// The fetch serves everyone who waits for it, so it must not end with the first one's context; the client bounds it.
	fetched, err, _ := c.fetching.Do(address, func() (any, error) {
		e, _ := c.entries.Get(address)
		if !due(e, c.options.Now()) { // somebody was faster
			return e, nil
		}
		if c.options.Admit != nil {
			end, err := c.options.Admit(ctx, address)
			if err != nil {
				return nil, err
			}
			defer end()
		}
		e = c.fetch(context.WithoutCancel(ctx), address, e)
		c.entries.Add(address, e)
		return e, nil
	})
	if err != nil {
		var none T
		return none, err
	}
	return fetched.(entry[T]).latest(c.options.Now(), c.staleness())
}

func (c *Cache[T]) staleness() time.Duration {
	if c.options.Vouched {
		return 0
	}
	return staleness
}

// fetch makes one attempt; a failed one leaves the last good answer as it is.
func (c *Cache[T]) fetch(ctx context.Context, address string, e entry[T]) entry[T] {
	began := time.Now()
	e = c.attempt(ctx, address, e)
	if c.options.Fetched != nil {
		c.options.Fetched(began, e.fault)
	}
	return e
}

func (c *Cache[T]) attempt(ctx context.Context, address string, e entry[T]) entry[T] {
	e.attemptedAt = c.options.Now()
	document, err := c.read(ctx, address)
	if e.fault = err; err != nil {
		return e
	}
	value, err := c.options.Parse(document.Body)
	if e.fault = err; err != nil {
		return e
	}
	e.value, e.freshUntil = value, e.attemptedAt.Add(freshness(document.Header.Values("Cache-Control")))
	return e
}

func (c *Cache[T]) read(ctx context.Context, address string) (*Document, error) {
	if !c.options.Vouched {
		return c.options.Client.get(ctx, c.options.Client.following, address, c.options.Maximum)
	}
	document, err := c.options.Client.Get(ctx, address, c.options.Maximum)
	if err == nil && !isJSON(document.Header.Get("Content-Type")) {
		err = errors.New("outbound: answered with another media type than one of JSON")
	}
	return document, err
}

// isJSON says whether a media type is application/json or has the suffix +json (RFC 6839 3.1).
func isJSON(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/json" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json"))
}

func (e entry[T]) due(now time.Time) bool {
	return !now.Before(e.freshUntil) && (e.fault == nil || now.Sub(e.attemptedAt) >= failureMemory)
}

func (e entry[T]) refreshable(now time.Time) bool { return now.Sub(e.attemptedAt) >= refreshPause }

func (e entry[T]) latest(now time.Time, staleness time.Duration) (T, error) {
	if e.fault != nil && !now.Before(e.freshUntil.Add(staleness)) {
		var none T
		return none, e.fault
	}
	return e.value, nil
}

// freshness reads max-age, in seconds; who forbids keeping at all is asked as often as the lower bound allows.
func freshness(cacheControl []string) time.Duration {
	fresh := defaultFreshness
	for directive := range strings.SplitSeq(strings.ToLower(strings.Join(cacheControl, ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case "no-store", "no-cache":
			return minimumFreshness
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return minimumFreshness
			}
			fresh = min(max(time.Duration(seconds)*time.Second, minimumFreshness), maximumFreshness)
		}
	}
	return fresh
}
