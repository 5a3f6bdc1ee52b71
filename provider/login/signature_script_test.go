package login

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The policy of the pages forbids all of this; the scripts do not try. The one way to ask a server is that of
// server.js, which follows no redirect and whose addresses the page has from this server.
func TestScriptsEvaluateNoTextAndAskNoOtherServer(t *testing.T) {
	forbidden := regexp.MustCompile(
		`\beval\b|\bFunction\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|\bimport\(|localStorage|https?://`)
	fetches := regexp.MustCompile(`\bfetch\b`)
	require.Empty(t, forbidden.FindAllString(string(signatureScript.content), -1))
	require.Len(t, fetches.FindAllString(string(signatureScript.content), -1), 1)
	require.Contains(t, string(signatureScript.content), `{credentials:"same-origin",redirect:"error",`)
	require.Empty(t, forbidden.FindAllString(string(passkeyScript.content), -1))
	require.Empty(t, fetches.FindAllString(string(passkeyScript.content), -1))
}

func TestLicensesOfEveryPackageInTheSignatureScriptAreInTheTree(t *testing.T) {
	licenses, err := os.ReadFile("signing/licenses.txt")
	require.NoError(t, err)
	for _, name := range []string{"asn1.js", "bn.js", "buffer", "gost89", "jksreader", "jkurwa", "js-lzma", "js-sha1"} {
		require.True(t, strings.Contains(string(licenses), "\n"+name+" "), name)
	}
}
