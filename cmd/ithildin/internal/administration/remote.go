package administration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"ithildin/adapters/admin"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// Remote administers a running server through its admin API. Each method makes one request or a few.
type Remote struct {
	remoteUsers
	remoteAccess
	remoteClients
	remoteCatalogue
	remoteRecords
}

// NewRemote makes a Remote.
func NewRemote(s config.Server) *Remote {
	a := &api{
		base: strings.TrimSuffix(s.URL.String(), "/") + admin.Prefix, token: s.Token, tags: map[string]string{},
		http: &http.Client{Timeout: requestTime, CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the server redirects, which would take the token elsewhere")
		}},
	}
	return &Remote{remoteUsers{a}, remoteAccess{a}, remoteClients{a}, remoteCatalogue{a}, remoteRecords{a}}
}

// Now implements Administration.
func (*Remote) Now() time.Time { return time.Now() }

// NewID implements Administration.
func (*Remote) NewID() string { return uuid.NewString() }

// Together implements Administration.
func (*Remote) Together(ctx context.Context, f func(ctx context.Context) error) error { return f(ctx) }

const (
	requestTime   = 30 * time.Second
	maximumAnswer = 64 << 20 // bytes: a thousand clients with long metadata
	// attempts is how often a request is made that may be repeated, and attemptPause how long it waits between.
	attempts     = 3
	attemptPause = time.Second
)

// api makes requests to an admin API.
type api struct {
	base  string
	token string
	http  *http.Client
	tags  map[string]string // the ETag of each resource as it was read, by its path
}

// path joins segments to a path.
func path(segments ...string) string {
	for i, segment := range segments {
		segments[i] = url.PathEscape(segment)
	}
	return "/" + strings.Join(segments, "/")
}

// get reads a resource.
func (a *api) get(ctx context.Context, path string, out any) error {
	return a.repeat(ctx, func() error { return a.send(ctx, http.MethodGet, path, nil, out, nil) })
}

// page reads a page of a list. An answer has every member of the query that has a value.
func page[T any](ctx context.Context, a *api, path string, query url.Values) (admin.List[T], error) {
	for name := range query {
		if query.Get(name) == "" {
			query.Del(name)
		}
	}
	var list admin.List[T]
	err := a.get(ctx, path+"?"+query.Encode(), &list)
	return list, err
}

// create makes a resource. It is repeated under one idempotency key where the answer was lost, so that it is made once.
func (a *api) create(ctx context.Context, path string, body, out any) error {
	header := http.Header{"Idempotency-Key": {uuid.NewString()}}
	return a.repeat(ctx, func() error { return a.send(ctx, http.MethodPost, path, body, out, header) })
}

// act does something to a resource, once.
func (a *api) act(ctx context.Context, path string, body, out any) error {
	return a.send(ctx, http.MethodPost, path, body, out, nil)
}

// change changes a resource, if it is as it was read here; else whatever it is.
func (a *api) change(ctx context.Context, path string, body any) error {
	return a.send(ctx, http.MethodPatch, path, body, nil, a.condition(path))
}

// put stores a resource, which may be repeated.
func (a *api) put(ctx context.Context, path string, body any) error {
	return a.repeat(ctx, func() error { return a.send(ctx, http.MethodPut, path, body, nil, nil) })
}

// remove deletes or ends a resource, whatever it is.
func (a *api) remove(ctx context.Context, path string) error {
	return a.send(ctx, http.MethodDelete, path, nil, nil, http.Header{"If-Match": {"*"}})
}

func (a *api) condition(path string) http.Header {
	if tag := a.tags[path]; tag != "" {
		return http.Header{"If-Match": {tag}}
	}
	return http.Header{"If-Match": {"*"}}
}

// repeat makes a request again that had no answer.
func (a *api) repeat(ctx context.Context, request func() error) (err error) {
	for attempt := range attempts {
		if err = request(); !errors.Is(err, storage.ErrUnavailable) || attempt == attempts-1 {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(attemptPause):
		}
	}
	return err
}

// unanswered is the error of a request that was perhaps not served, which errors.Is knows as storage.ErrUnavailable, as
// that of a database that is away.
type unanswered struct{ cause error }

func (u unanswered) Error() string   { return u.cause.Error() }
func (u unanswered) Unwrap() []error { return []error{u.cause, storage.ErrUnavailable} }

func noAnswer(cause error) error {
	return console.WithHint("is the server running, and is ITHILDIN_SERVER right?", unanswered{cause})
}

// send makes a request and reads its answer into out.
func (a *api) send(ctx context.Context, method, path string, body, out any, header http.Header) error {
	r, err := a.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := a.http.Do(r)
	if err != nil {
		return noAnswer(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maximumAnswer))
	if err != nil {
		return noAnswer(err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return refusal(response, content)
	}
	if tag := response.Header.Get("ETag"); tag != "" {
		a.tags[path] = tag
	}
	if out == nil || len(content) == 0 {
		return nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return fmt.Errorf("the server's answer is not one of the admin API: %w", err)
	}
	return nil
}

func (a *api) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	return r, nil
}

// refusal makes an error of an answer, which is a problem (RFC 9457) unless something else than the API answers.
func refusal(response *http.Response, content []byte) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	refused := &Refusal{Problem: admin.Problem{Status: response.StatusCode}}
	if kind != "application/problem+json" || json.Unmarshal(content, &refused.Problem) != nil {
		return console.WithHint("ITHILDIN_SERVER is the admin listener of a server that has the admin API",
			fmt.Errorf("%s answered %s, which is not of the admin API", response.Request.URL.Host, response.Status))
	}
	switch response.StatusCode {
	case http.StatusServiceUnavailable, http.StatusBadGateway, http.StatusGatewayTimeout:
		return noAnswer(refused)
	case http.StatusUnprocessableEntity:
		return &console.UsageError{Cause: refused}
	case http.StatusUnauthorized:
		return console.WithHint("ITHILDIN_SERVER_TOKEN or --token-file has an admin token, or an access token that has not "+
			"expired", refused)
	}
	return refused
}
