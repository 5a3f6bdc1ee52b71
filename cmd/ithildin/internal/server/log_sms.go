package server

import (
	"log/slog"

	"ithildin/provider/login"
)

// logMessages lets a development server do without an SMS service.
func logMessages(c *login.Components, logger *slog.Logger) {
	if c.SMS == nil {
		c.SMS = login.LogSMS{Logger: logger}
	}
}
