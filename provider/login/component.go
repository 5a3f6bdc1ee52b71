package login

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
	componentTimeout = 5 * time.Second
	// maximumComponentAnswer bounds what another service answers, in bytes.
	maximumComponentAnswer = 8 << 20
)

// Component is a service of the operator's that this one asks over HTTP: its address comes from the configuration, never
// from a request, so it may be on a private network.
type Component struct {
	URL   string
	Token string // sent as a bearer token; "" sends none
	// Client makes the requests; default one with a time limit that follows no redirects.
	Client *http.Client
}

var componentClient = &http.Client{
	Timeout: componentTimeout,
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token belongs to one address
	},
}

// ask sends a JSON body, or none where it is nil, and returns the status and the bounded answer.
func (c Component) ask(ctx context.Context, method, url string, body any) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("login: component: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, nil, errors.New("login: the address of a component is malformed")
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.send(r)
}

func (c Component) send(r *http.Request) (int, []byte, error) {
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.Client
	if client == nil {
		client = componentClient
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("login: component: %w", withoutURL(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maximumComponentAnswer+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("login: component: %w", err)
	case len(answer) > maximumComponentAnswer:
		return 0, nil, fmt.Errorf("login: component: an answer of more than %d bytes", maximumComponentAnswer)
	}
	return response.StatusCode, answer, nil
}
