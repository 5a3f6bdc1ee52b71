package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// idleConnections are the connections of a server without a request. A proxy may send a request on such a connection
// at the moment at which it is closed, and can't know whether the request was processed.
type idleConnections struct {
	mu   sync.Mutex
	idle map[net.Conn]bool
}

// watch notes the connections of a server.
func (i *idleConnections) watch(server *http.Server) {
	i.idle = map[net.Conn]bool{}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if state == http.StateIdle {
			i.idle[conn] = true
		} else {
			delete(i.idle, conn)
		}
	}
}

func (i *idleConnections) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.idle)
}

// awaitUse waits until each idle connection has had a last request, whose answer closes it, but no longer than the
// given time.
func (i *idleConnections) awaitUse(longest time.Duration) {
	for end := time.Now().Add(longest); i.count() > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}
