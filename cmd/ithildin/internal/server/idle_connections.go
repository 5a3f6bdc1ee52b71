package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// idleConnections are those of a server that wait for another request. A proxy may send one at the moment at which
// such a connection is closed, and cannot know whether it was taken.
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

// awaitUse waits until each has had its last request, which its answer ends, but no longer than that.
func (i *idleConnections) awaitUse(longest time.Duration) {
	for end := time.Now().Add(longest); i.count() > 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
}
