package storagetest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync/atomic"
)

// The messages of PostgreSQL's protocol (version 3) that the proxy knows.
const (
	simpleQuery   = 'Q' // client
	parse         = 'P' // client: the name of a statement and its text
	bind          = 'B' // client: the names of a portal and of the statement that is to be executed
	execute       = 'E' // client
	readyForQuery = 'Z' // server: the answer to a question is complete
)

// proxied is one connection through a Proxy.
type proxied struct {
	proxy  *Proxy
	client *net.TCPConn
	server net.Conn
	// swallowing is how the answer under way is to be lost, nil where it is not.
	swallowing atomic.Pointer[LostAnswer]
	// statements are the texts of what was prepared, by name.
	statements map[string]string
	deaf       atomic.Bool // the client hears nothing more
}

func (c *proxied) end() {
	c.client.Close()
	c.server.Close()
}

func (c *proxied) relayRequests() {
	defer c.end()
	requests := bufio.NewReader(c.client)
	startup, err := readMessage(requests, false)
	for message := startup; err == nil; message, err = readMessage(requests, true) {
		c.interfere(message)
		if message.kind == execute || message.kind == simpleQuery {
			if how := c.proxy.swallow.Swap(nil); how != nil {
				c.swallowing.Store(how)
			}
		}
		c.proxy.pass()
		if _, err := c.server.Write(message.bytes); err != nil {
			return
		}
	}
}

// interfere does what LoseAnswers and Freeze ask for about the statement that a message executes.
func (c *proxied) interfere(m message) {
	if m.kind != parse && m.kind != bind {
		return
	}
	fields := strings.SplitN(string(m.bytes[5:]), "\x00", 3)
	if len(fields) < 3 {
		return
	}
	if m.kind == parse {
		c.statements[fields[0]] = fields[1]
		return
	}
	value := c.statements[fields[1]]
	if losing := c.proxy.losing.Load(); losing != nil && strings.Contains(value, *losing) {
		c.deaf.Store(true)
	}
	if f := c.proxy.frozen.Load(); f != nil && strings.Contains(value, f.content) {
		<-f.thawed
	}
}

func (c *proxied) relayAnswers() {
	defer c.end()
	answers := bufio.NewReader(c.server)
	connected := false
	for {
		message, err := readMessage(answers, true)
		if err != nil {
			return
		}
		if c.deaf.Load() {
			continue
		}
		isComplete := message.kind == readyForQuery
		if isComplete && connected {
			c.proxy.trips.Add(1)
		}
		connected = connected || isComplete
		if how := c.swallowing.Load(); how != nil {
			if !isComplete { // only then has the server committed
				continue
			}
			if *how == LostByReset {
				_ = c.client.SetLinger(0)
			}
			return
		}
		c.proxy.pass()
		if _, err := c.client.Write(message.bytes); err != nil {
			return
		}
	}
}

type message struct {
	kind  byte
	bytes []byte
}

// largestMessage bounds what a test may send at once.
const largestMessage = 1 << 24

// readMessage reads a message: a letter, except for the first of a client, and the length of the rest with itself.
func readMessage(from *bufio.Reader, lettered bool) (message, error) {
	header := make([]byte, 4, 5)
	if lettered {
		header = header[:5]
	}
	if _, err := io.ReadFull(from, header); err != nil {
		return message{}, err
	}
	length := binary.BigEndian.Uint32(header[len(header)-4:])
	if length < 4 || length > largestMessage {
		return message{}, io.ErrUnexpectedEOF
	}
	bytes := make([]byte, len(header)+int(length)-4)
	copy(bytes, header)
	if _, err := io.ReadFull(from, bytes[len(header):]); err != nil {
		return message{}, err
	}
	m := message{bytes: bytes}
	if lettered {
		m.kind = header[0]
	}
	return m, nil
}
