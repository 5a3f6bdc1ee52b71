//go:build !linux

package server

import (
	"net"
	"time"
)

// dropNewConnections does nothing where the system has no such filter: a connection that waits in the queue of a
// listener when it is closed is reset.
func dropNewConnections(net.Listener) error { return nil }

// awaitAccepted does nothing where the length of the queue can't be read.
func awaitAccepted(net.Listener, time.Duration) {}
