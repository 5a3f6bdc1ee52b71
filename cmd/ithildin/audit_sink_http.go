package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"ithildin/provider/outbound"
)

// sinkTime bounds one delivery.
const sinkTime = 30 * time.Second

// httpSink sends events by POST, a line of JSON for each (application/x-ndjson). An answer of 2xx says that the service
// has them; any other that they are to be sent again.
type httpSink struct{ service outbound.Service }

func newHTTPSink(address, token string) *httpSink {
	return &httpSink{outbound.Service{URL: address, Token: token, Timeout: sinkTime}}
}

func (s *httpSink) deliver(ctx context.Context, events []eventRecord) error {
	if len(events) == 0 {
		return nil
	}
	var body bytes.Buffer
	if err := writeLines(&body, events); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.service.URL, &body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	status, _, err := s.service.Send(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	if status < http.StatusOK || status >= http.StatusMultipleChoices {
		return fmt.Errorf("%w: the service answered %d", errSink, status)
	}
	return nil
}
