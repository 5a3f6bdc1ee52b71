package server

import (
	"log/slog"

	"ithildin/provider/identity"
)

// logMessages lets a development server do without an SMS service.
func logMessages(c *identity.Components, logger *slog.Logger) {
	if c.SMS == nil {
		c.SMS = identity.LogSMS{Logger: logger}
	}
}
