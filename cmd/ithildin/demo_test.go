package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
)

// Whoever tries a client or a conformance suite must see each claim that a scope opens.
func TestTheDemoUserHasEveryStandardClaim(t *testing.T) {
	require.NoError(t, provider.ValidateProfile(demoProfile))
	var profile map[string]any
	require.NoError(t, json.Unmarshal(demoProfile, &profile))
	for _, claim := range []string{
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "email_verified", "phone_number", "phone_number_verified",
	} {
		require.Contains(t, profile, claim)
	}
	require.Len(t, profile["address"], 6)
}
