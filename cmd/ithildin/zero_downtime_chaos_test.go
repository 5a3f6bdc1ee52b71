//go:build chaos

package main_test

import "testing"

func TestChaosNoClientNoticesTenUpgradesAndTenReturns(t *testing.T) { upgrade(t, 10) }

func TestChaosNoClientNoticesTenRotationsOfSecrets(t *testing.T) { rotateSecrets(t, 10) }
