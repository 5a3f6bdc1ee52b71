package outbound

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maximumServiceAnswer bounds what a service answers, in bytes, where it names no bound.
const maximumServiceAnswer = 8 << 20

// Service is a service that the operator configured, and that is called over HTTP. Its address never comes from a
// request, so it may be on a private network, which a Client refuses.
type Service struct {
	URL   string
	Token string // sent as a bearer token; "" sends none
	// Timeout bounds a call, its answer included; default: 5 seconds.
	Timeout time.Duration
	// MaximumAnswer bounds the answer in bytes; default: 8 MiB.
	MaximumAnswer int64
}

// services follow no redirect: the token belongs to one address.
var services = &http.Client{Transport: newTraced(http.DefaultTransport, nil), CheckRedirect: useLastResponse}

// Ask sends a JSON body, or none where it is nil, and returns the status and the answer. Errors are faults of the other
// side, or of the address; none of them holds the address.
func (s Service) Ask(ctx context.Context, method, address string, body any) (status int, response []byte, err error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("outbound: service: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return 0, nil, errors.New("outbound: service: its address is malformed")
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return s.Send(r)
}

// Send sends a request that is made already, and returns as Ask does.
func (s Service) Send(r *http.Request) (status int, reply []byte, err error) {
	ctx, cancel := context.WithTimeout(r.Context(), cmp.Or(s.Timeout, defaultTimeout))
	defer cancel()
	if s.Token != "" {
		r.Header.Set("Authorization", "Bearer "+s.Token)
	}
	response, err := services.Do(r.WithContext(ctx))
	if err != nil {
		return 0, nil, fmt.Errorf("outbound: service: %w", withoutURL(err))
	}
	defer response.Body.Close()
	maximum := cmp.Or(s.MaximumAnswer, maximumServiceAnswer)
	reply, err = io.ReadAll(io.LimitReader(response.Body, maximum+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("outbound: service: %w", err)
	case int64(len(reply)) > maximum:
		return 0, nil, fmt.Errorf("outbound: service: an answer of more than %d bytes", maximum)
	}
	return response.StatusCode, reply, nil
}
