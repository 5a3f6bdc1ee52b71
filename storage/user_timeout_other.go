//go:build !linux

package storage

import (
	"syscall"
	"time"
)

// setUserTimeout does nothing where the system has no such option: reads have deadlines in any case.
func setUserTimeout(string, syscall.RawConn, time.Duration) error { return nil }
