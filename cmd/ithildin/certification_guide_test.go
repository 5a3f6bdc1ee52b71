package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
)

var (
	jsonBlock = regexp.MustCompile("(?s)\n *```json\n(.*?)\n *```")
	commandID = regexp.MustCompile(`\["(?:text|click|wait)", "id", "([^"]+)"`)
)

// What the guide tells people to paste is JSON, its user has every claim, and its browser finds what it clicks on.
func TestCertificationGuideMatchesTheServer(t *testing.T) {
	guide, err := os.ReadFile("../../docs/conformance.md")
	require.NoError(t, err)
	var pages strings.Builder
	templates, err := filepath.Glob("../../provider/login/pages/*.html")
	require.NoError(t, err)
	for _, name := range templates {
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		pages.Write(content)
	}
	blocks := jsonBlock.FindAllStringSubmatch(string(guide), -1)
	require.Len(t, blocks, 6)
	for _, block := range blocks {
		require.True(t, json.Valid([]byte(block[1])), block[1])
	}
	requireEveryClaim(t, json.RawMessage(blocks[0][1]))
	// The address of an error page may hold that of the suite, which such a pattern takes for the suite itself.
	require.NotContains(t, string(guide), `"match": "*`)
	ids := commandID.FindAllStringSubmatch(string(guide), -1)
	require.NotEmpty(t, ids)
	for _, id := range ids {
		if id[1] != "submission_complete" { // on a page of the suite
			require.Contains(t, pages.String(), `id="`+id[1]+`"`)
		}
	}
}

// requireEveryClaim holds a profile to all claims that a scope opens, but those that are no part of it.
func requireEveryClaim(t *testing.T, profile json.RawMessage) {
	t.Helper()
	require.NoError(t, provider.ValidateProfile(profile))
	var claims map[string]any
	require.NoError(t, json.Unmarshal(profile, &claims))
	for _, name := range []string{
		"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "email_verified", "phone_number", "phone_number_verified",
	} {
		require.Contains(t, claims, name)
	}
	require.Len(t, claims["address"], 6)
}
