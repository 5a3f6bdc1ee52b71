//go:build !linux

package server

import (
	"net"
	"time"
)

// takeNoMore does nothing where the system has no such filter: a connection that waits when its listener is closed is
// reset.
func takeNoMore(net.Listener) error { return nil }

// awaitTaken waits for those who have connected already.
func awaitTaken(_ net.Listener, _ time.Duration) { time.Sleep(100 * time.Millisecond) }
