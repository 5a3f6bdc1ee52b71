package main

import "testing"

// Whoever tries a client or a conformance suite must see each claim that a scope opens.
func TestTheDemoUserHasEveryStandardClaim(t *testing.T) {
	requireEveryClaim(t, demoProfile)
}
