//go:build !linux

package server

import (
	"net"
	"time"
)

// dropNewConnections does nothing where the system has no such filter: a connection that waits in the queue of a
// listener when it is closed is reset.
func dropNewConnections(net.Listener) error { return nil }

// awaitAccepted waits for those who have connected already.
func awaitAccepted(_ net.Listener, _ time.Duration) { time.Sleep(100 * time.Millisecond) }
