package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// syslogPriority is that of each message (RFC 5424 6.2.1): the facility log audit (13) and the severity informational
// (6).
const syslogPriority = 13*8 + 6

// syslogSink sends each event as a message of syslog (RFC 5424) over TLS (RFC 5425) or TCP (RFC 6587), its JSON as the
// text, its kind as the MSGID. Syslog has no receipts: what the other side had not read when a connection broke is lost
// to it, unless the break was noticed here, after which the events are sent again.
type syslogSink struct {
	address string
	isTLS   bool
	host    string
	process string
	conn    net.Conn
}

func newSyslogSink(address string, isTLS bool) *syslogSink {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "-" // the NILVALUE of RFC 5424
	}
	return &syslogSink{address: address, isTLS: isTLS, host: host, process: strconv.Itoa(os.Getpid())}
}

func (s *syslogSink) deliver(ctx context.Context, events []eventRecord) (err error) {
	if len(events) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, sinkTime)
	defer cancel()
	defer func() {
		if err != nil && s.conn != nil {
			_ = s.conn.Close() // the next delivery makes another
			s.conn = nil
		}
	}()
	if err := s.connect(ctx); err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	var messages []byte
	for _, event := range events {
		message, err := s.message(event)
		if err != nil {
			return err
		}
		messages = fmt.Appendf(messages, "%d %s", len(message), message) // octet counting
	}
	deadline, _ := ctx.Deadline()
	if err := s.conn.SetDeadline(deadline); err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	if _, err := s.conn.Write(messages); err != nil {
		return fmt.Errorf("%w: %w", errSink, err)
	}
	return nil
}

func (s *syslogSink) connect(ctx context.Context) (err error) {
	if s.conn != nil {
		return nil
	}
	if s.isTLS {
		dialer := tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}
		s.conn, err = dialer.DialContext(ctx, "tcp", s.address)
		return err
	}
	var dialer net.Dialer
	s.conn, err = dialer.DialContext(ctx, "tcp", s.address)
	return err
}

// message is an event in the form of RFC 5424 section 6, the text in UTF-8 (BOM).
func (s *syslogSink) message(event eventRecord) ([]byte, error) {
	at, err := time.Parse(time.RFC3339, event.At)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	const longestMessageID = 32
	kind := event.Kind[:min(len(event.Kind), longestMessageID)]
	return fmt.Appendf(nil, "<%d>1 %s %s ithildin %s %s - \ufeff%s", syslogPriority, at.UTC().Format(time.RFC3339), s.host,
		s.process, kind, encoded), nil
}
