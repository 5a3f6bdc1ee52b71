package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// sinkFlags say where audit export delivers events, and where it keeps how far it has come.
type sinkFlags struct {
	To          string `placeholder:"URL" help:"@audit_to"`
	ToTokenFile string `placeholder:"PATH" help:"File with a bearer token for a --to of https."`
	CursorFile  string `placeholder:"PATH" help:"@audit_cursor_file"`
}

// auditSink takes events in their order. When deliver returns nil, they have been handed over.
type auditSink interface {
	deliver(ctx context.Context, events []eventRecord) error
}

// errSink is of a sink that did not take what was sent; it may be sent again.
var errSink = errors.New("the events were not taken")

// open makes the sink that the flags name.
func (f sinkFlags) open(terminal console.Terminal) (auditSink, error) {
	if f.ToTokenFile != "" && !strings.HasPrefix(f.To, "https:") && !strings.HasPrefix(f.To, "http:") {
		return nil, &console.UsageError{Cause: errors.New("--to-token-file is for a --to of https")}
	}
	if f.To == "" {
		return lineSink{terminal.Out}, nil
	}
	to, err := url.Parse(f.To)
	if err != nil || to.Host == "" || to.User != nil || to.Fragment != "" {
		return nil, &console.UsageError{Cause: errors.New("--to is no address of a service, or has a password in it: " +
			"--to-token-file names a file with a token")}
	}
	switch to.Scheme {
	case "https", "http":
		if to.Scheme == "http" && !config.IsLoopback(net.JoinHostPort(to.Hostname(), "1")) {
			return nil, &console.UsageError{Cause: fmt.Errorf("--to %s: want https; http is for this machine alone", f.To)}
		}
		token, err := f.token(terminal)
		return newHTTPSink(to.String(), token), err
	case "syslog+tls", "syslog+tcp":
		if to.Port() == "" || to.Path != "" {
			return nil, &console.UsageError{Cause: fmt.Errorf("--to %s: want %s://HOST:PORT", f.To, to.Scheme)}
		}
		return newSyslogSink(to.Host, to.Scheme == "syslog+tls"), nil
	}
	return nil, &console.UsageError{
		Cause: fmt.Errorf("--to %s: want https://…, syslog+tls://HOST:PORT or syslog+tcp://HOST:PORT", f.To),
	}
}

func (f sinkFlags) token(terminal console.Terminal) (string, error) {
	if f.ToTokenFile == "" {
		return "", nil
	}
	return terminal.ReadSecret(f.ToTokenFile, "Token")
}

// startAt is the cursor after which an export begins: that of the file, where an earlier export has left one.
func (f sinkFlags) startAt(given string) (string, error) {
	if f.CursorFile == "" {
		return given, nil
	}
	if given != "" {
		return "", &console.UsageError{Cause: errors.New("--after and --cursor-file are both given: want one of them")}
	}
	const most = 1 << 10
	file, err := os.Open(f.CursorFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "", err
	}
	cursor := strings.TrimSpace(string(content))
	if cursor == "" {
		return "", fmt.Errorf("%s is empty: want a cursor, or no file to begin at the first event", f.CursorFile)
	}
	return cursor, nil
}

// keep stores how far an export has come. A crash leaves the cursor of before or the new one, never a part.
func (f sinkFlags) keep(cursor string) (err error) {
	if f.CursorFile == "" {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(f.CursorFile), filepath.Base(f.CursorFile)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.WriteString(cursor + "\n")
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), f.CursorFile)
}

// recordsOf are events as they are exported.
func recordsOf(events []storage.Event) []eventRecord {
	records := make([]eventRecord, len(events))
	for i, e := range events {
		records[i] = newEventRecord(e)
	}
	return records
}

// lineSink writes a line of JSON for each event.
type lineSink struct{ out io.Writer }

func (s lineSink) deliver(_ context.Context, events []eventRecord) error {
	buffered := bufio.NewWriter(s.out)
	if err := writeLines(buffered, events); err != nil {
		return err
	}
	return buffered.Flush()
}

func writeLines(w io.Writer, events []eventRecord) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, event := range events {
		if err := encoder.Encode(event); err != nil {
			return err
		}
	}
	return nil
}
