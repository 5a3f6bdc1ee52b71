package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

func newLogger(out io.Writer, s *settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.logLevel}
	file, ok := out.(*os.File)
	onTerminal := ok && term.IsTerminal(int(file.Fd()))
	if s.logFormat == "text" || s.logFormat == "" && onTerminal {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}
