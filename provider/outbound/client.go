package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/trace"
)

const (
	defaultTimeout   = 5 * time.Second
	maximumRedirects = 3
	maximumAddress   = 2000 // bytes of a URL
)

// ErrRefused says that an address may not be asked: it is no https URL, or it leads into a network that is not named.
var ErrRefused = errors.New("outbound: the address may not be reached")

// Options are what a Client takes from outside.
type Options struct {
	// Allowed are private networks that may be reached all the same.
	Allowed []netip.Prefix
	// RootCAs are the authorities that are trusted; nil: those of the system.
	RootCAs *x509.CertPool
	// Timeout bounds a whole request, redirects and body included; default: 5 seconds.
	Timeout time.Duration
	// Plaintext lets addresses be http as well: for answers that are signed.
	Plaintext bool
	// Tracing makes spans of requests; nil: only of those that belong to a trace.
	Tracing trace.TracerProvider
}

// Client sends requests to addresses that others chose. It is safe for concurrent use.
type Client struct {
	direct    *http.Client // follows no redirect
	following *http.Client
	plaintext bool
}

// New makes a Client. It takes no proxy from the environment: behind one, nobody could tell where a request ends.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	dialer := &net.Dialer{Timeout: o.Timeout, Control: guard(o.Allowed)}
	transport := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    o.Timeout,
		MaxResponseHeaderBytes: 32 << 10,
		MaxConnsPerHost:        8,
		MaxIdleConns:           32,
		IdleConnTimeout:        30 * time.Second,
		ForceAttemptHTTP2:      true,
	}
	sent := newTraced(transport, o.Tracing)
	return &Client{
		direct:    &http.Client{Timeout: o.Timeout, Transport: sent, CheckRedirect: useLastResponse},
		following: &http.Client{Timeout: o.Timeout, Transport: sent, CheckRedirect: checkRedirect},
		plaintext: o.Plaintext,
	}
}

func useLastResponse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Document is what an address answered.
type Document struct {
	Body   []byte
	Header http.Header
}

// Get fetches a document of at most that many bytes from an address and from nowhere else: a redirect is an answer that
// is wrong, so that the host of the address vouches for the document. Errors: ErrRefused, or a fault of the other side;
// none of them holds what was answered.
func (c *Client) Get(ctx context.Context, address string, maximum int64) (*Document, error) {
	return c.get(ctx, c.direct, address, maximum)
}

func (c *Client) get(ctx context.Context, client *http.Client, address string, maximum int64) (*Document, error) {
	response, err := c.send(ctx, client, http.MethodGet, address, Message{})
	if err != nil {
		return nil, err
	}
	return read(response, maximum)
}

// Message is what is sent to an address.
type Message struct {
	MediaType string // "" for no body
	Body      []byte
}

// Post sends a message to an address and returns the answer, as Get does.
func (c *Client) Post(ctx context.Context, address string, m Message, maximum int64) (*Document, error) {
	response, err := c.send(ctx, c.direct, http.MethodPost, address, m)
	if err != nil {
		return nil, err
	}
	return read(response, maximum)
}

// read reads the body of an answer with status 200, and closes it.
func read(response *http.Response, maximum int64) (*Document, error) {
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("outbound: answered with status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maximum+1))
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", withoutURL(err))
	}
	if int64(len(body)) > maximum {
		return nil, fmt.Errorf("outbound: answered with more than %d bytes", maximum)
	}
	return &Document{Body: body, Header: response.Header}, nil
}

// PostForm sends a form and returns the status of the answer, whose body is not read. It follows no redirect, which is
// a status like any other.
func (c *Client) PostForm(ctx context.Context, address string, form url.Values) (status int, err error) {
	response, err := c.send(ctx, c.direct, http.MethodPost, address, Message{
		MediaType: "application/x-www-form-urlencoded", Body: []byte(form.Encode()),
	})
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func (c *Client) send(
	ctx context.Context, client *http.Client, method, address string, m Message,
) (*http.Response, error) {
	if err := checkAddress(address, c.plaintext); err != nil {
		return nil, err
	}
	var body io.Reader
	if m.MediaType != "" {
		body = bytes.NewReader(m.Body)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("%w: malformed", ErrRefused)
	}
	if m.MediaType != "" {
		r.Header.Set("Content-Type", m.MediaType)
	}
	r.Header.Set("User-Agent", "ithildin")
	response, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", withoutURL(err))
	}
	return response, nil
}

func checkAddress(address string, plaintext bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maximumAddress:
		return fmt.Errorf("%w: malformed or too long", ErrRefused)
	case u.Scheme != "https" && (!plaintext || u.Scheme != "http"), u.Hostname() == "" || u.User != nil:
		return fmt.Errorf("%w: want https, a host and no user information", ErrRefused)
	}
	return nil
}

// checkRedirect holds every address on the way to the rules of the first. The next one is not told the last, which may
// hold a secret of its owner.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maximumRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrRefused, maximumRedirects)
	}
	r.Header.Del("Referer")
	return checkAddress(r.URL.String(), false)
}

// withoutURL keeps the address, which may hold a secret of its owner, out of the log.
func withoutURL(err error) error {
	var known *url.Error
	if errors.As(err, &known) {
		return known.Err
	}
	return err
}
