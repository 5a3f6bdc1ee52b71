//go:build chaos

package main_test

import (
	"testing"
)

func TestChaosNoRequestFailsWhenServersAreRestartedOneByOneNineTimes(t *testing.T) {
	rollBehindEveryBalancer(t, 9, "5s")
}
