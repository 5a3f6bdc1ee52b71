package server

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"ithildin/cmd/ithildin/internal/config"
)

// NewLogger writes the log in the format that the settings name; without one, as text on a terminal and as JSON
// elsewhere.
func NewLogger(out io.Writer, s *config.Settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	file, ok := out.(*os.File)
	onTerminal := ok && term.IsTerminal(int(file.Fd()))
	if s.LogFormat == "text" || s.LogFormat == "" && onTerminal {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}
