package console_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func readTexts(t *testing.T, language string) map[string]string {
	content, err := os.ReadFile(filepath.Join("texts", language+".json"))
	require.NoError(t, err)
	var texts map[string]string
	require.NoError(t, json.Unmarshal(content, &texts))
	return texts
}

func TestBothLanguagesHaveEveryTextWithTheSameParameters(t *testing.T) {
	uk, en := readTexts(t, "uk"), readTexts(t, "en")
	require.Equal(t, slices.Sorted(maps.Keys(uk)), slices.Sorted(maps.Keys(en)))
	parameter := regexp.MustCompile(`\{\w+\}`)
	for key, text := range uk {
		require.ElementsMatch(t, parameter.FindAllString(text, -1), parameter.FindAllString(en[key], -1), key)
		require.NotContains(t, text, "'", "the apostrophe is ’: %s", key)
		require.NotContains(t, en[key], "'", "the apostrophe is ’: %s", key)
	}
}

func TestEveryTextThatThePagesNameExists(t *testing.T) {
	texts := readTexts(t, "uk")
	named := regexp.MustCompile(`\bT[ (]"([^"]+)"`)
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	templates, err := filepath.Glob("pages/*.html")
	require.NoError(t, err)
	found := 0
	for _, file := range append(sources, templates...) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range named.FindAllStringSubmatch(string(content), -1) {
			if key := match[1]; !strings.HasSuffix(key, ".") && !strings.HasSuffix(key, "-") { // the rest is made at run time
				require.Contains(t, texts, key, file)
				found++
			}
		}
	}
	require.Greater(t, found, 100)
}

// A policy without a text would have an empty hint on the page that changes it.
func TestEveryPolicyOfAClientHasAText(t *testing.T) {
	texts := readTexts(t, "uk")
	policy, err := storage.NewPolicy(storage.PresetStandard)
	require.NoError(t, err)
	encoded, err := json.Marshal(policy)
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(encoded, &members))
	require.Greater(t, len(members), 15)
	for name := range members {
		require.Contains(t, texts, "policy."+name)
	}
}
