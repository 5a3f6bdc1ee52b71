package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are those that a server has accepted and that are open. They are counted because http.Server.Shutdown
// closes a connection without an answer if its request is read while Shutdown begins, and closes idle ones, on which
// a proxy may just have sent a request. The proxy can't know whether it was processed: nginx repeats no such POST.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// watch counts the connections of a server that does not serve yet.
func (c *connections) watch(server *http.Server) {
	c.open = map[net.Conn]struct{}{}
	server.ConnState = func(connection net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch state {
		case http.StateNew:
			c.open[connection] = struct{}{}
		case http.StateClosed, http.StateHijacked:
			delete(c.open, connection)
		}
	}
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// awaitLastRequests waits until each connection has had its last request, whose answer closes it, but no longer than
// until the given time.
func (c *connections) awaitLastRequests(end time.Time) {
	for c.count() > 0 && time.Now().Before(end) {
		time.Sleep(10 * time.Millisecond)
	}
}
