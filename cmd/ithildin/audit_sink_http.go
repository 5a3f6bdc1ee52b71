package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// sinkTime bounds one delivery.
const sinkTime = 30 * time.Second

// httpSink sends events by POST, a line of JSON for each (application/x-ndjson). An answer of 2xx says that the service
// has them; any other that they are to be sent again.
type httpSink struct {
	address string
	token   string
}

func (s *httpSink) deliver(ctx context.Context, events []eventRecord) error {
	if len(events) == 0 {
		return nil
	}
	var body bytes.Buffer
	if err := writeLines(&body, events); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sinkTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)) // so that the connection can be used again
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%w: %s answered %s", errSink, s.address, response.Status)
	}
	return nil
}
