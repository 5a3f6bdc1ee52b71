package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"ithildin/provider/outbound"
)

// ErrMessageNotSent says that a one-time code did not go out. The caller answers 503.
var ErrMessageNotSent = errors.New("identity: the message was not sent")

// SMSSender sends a text to a phone. The number is in the form +380XXXXXXXXX.
type SMSSender interface {
	Send(ctx context.Context, phone, message string) error
}

// HTTPSMS sends through a service: POST {"phone_number": …, "body": …}; any status below 300 is success.
type HTTPSMS struct{ outbound.Service }

// Send implements SMSSender.
func (s HTTPSMS) Send(ctx context.Context, phone, message string) error {
	status, _, err := s.Ask(ctx, http.MethodPost, s.URL, map[string]string{"phone_number": phone, "body": message})
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("identity: the SMS service answers %d", status)
	}
	return err
}

// LogSMS writes messages to the log, for a development server only: whoever reads the log can sign in.
type LogSMS struct{ Logger *slog.Logger }

// Send implements SMSSender.
func (s LogSMS) Send(_ context.Context, phone, message string) error {
	s.Logger.Warn("a message that a phone would get", "phone", phone, "text", message)
	return nil
}

// noSMS is what a server without a sender has.
type noSMS struct{}

func (noSMS) Send(context.Context, string, string) error {
	return errors.New("identity: no SMS sender is configured")
}
