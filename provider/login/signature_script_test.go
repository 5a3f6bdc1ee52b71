package login

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The policy of the pages forbids all of this; the scripts do not try.
func TestScriptsEvaluateNoTextAndSendNothingByThemselves(t *testing.T) {
	forbidden := regexp.MustCompile(
		`\beval\b|\bFunction\(|\bfetch\b|XMLHttpRequest|sendBeacon|WebSocket|EventSource|\bimport\(|localStorage|https?://`)
	require.Empty(t, forbidden.FindAllString(string(signatureScript.content), -1))
	require.Empty(t, forbidden.FindAllString(string(passkeyScript.content), -1))
}

func TestLicensesOfEveryPackageInTheSignatureScriptAreInTheTree(t *testing.T) {
	licenses, err := os.ReadFile("signing/licenses.txt")
	require.NoError(t, err)
	for _, name := range []string{"asn1.js", "bn.js", "buffer", "gost89", "jksreader", "jkurwa", "js-lzma", "js-sha1"} {
		require.True(t, strings.Contains(string(licenses), "\n"+name+" "), name)
	}
}
