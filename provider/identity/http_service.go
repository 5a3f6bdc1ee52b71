package identity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	serviceTimeout = 5 * time.Second
	// maximumServiceAnswer bounds what another service answers, in bytes.
	maximumServiceAnswer = 8 << 20
)

// HTTPService calls a service of the operator over HTTP. Its address comes from the configuration, never
// from a request, so it may be on a private network.
type HTTPService struct {
	URL   string
	Token string // sent as a bearer token; "" sends none
	// Client makes the requests; default one with a time limit that follows no redirects.
	Client *http.Client
}

// serviceClient makes the requests of a service that names no client of its own.
var serviceClient = &http.Client{
	Timeout: serviceTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token belongs to one address
	},
}

// ask sends a JSON body, or none where it is nil, and returns the status and the bounded answer.
func (s HTTPService) ask(ctx context.Context, method, url string, body any) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("identity: HTTP service: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, nil, errors.New("identity: the address of an HTTP service is malformed")
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return s.send(r)
}

func (s HTTPService) send(r *http.Request) (int, []byte, error) {
	if s.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.Token)
	}
	client := s.Client
	if client == nil {
		client = serviceClient
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("identity: HTTP service: %w", withoutURL(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maximumServiceAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("identity: HTTP service: %w", err)
	case len(answer) > maximumServiceAnswer:
		return 0, nil, fmt.Errorf("identity: HTTP service: an answer of more than %d bytes", maximumServiceAnswer)
	}
	return response.StatusCode, answer, nil
}
