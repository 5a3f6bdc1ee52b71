package redirect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/redirect"
	"ithildin/storage"
)

func TestRedirectURIsMatchByTheRuleOfTheirConnection(t *testing.T) {
	const exact, prefix = storage.RedirectMatchExact, storage.RedirectMatchPrefix
	for name, c := range map[string]struct {
		rule, registered, requested string
		want                        bool
	}{
		"exact: itself":                         {exact, "https://mis.example/cb", "https://mis.example/cb", true},
		"exact: a trailing slash":               {exact, "https://mis.example/cb", "https://mis.example/cb/", false},
		"exact: another port":                   {exact, "https://mis.example/cb", "https://mis.example:8443/cb", false},
		"exact: a loopback address on any port": {exact, "http://127.0.0.1/cb", "http://127.0.0.1:51234/cb", true},
		"exact: IPv6 loopback on any port":      {exact, "http://[::1]/cb", "http://[::1]:51234/cb", true},
		"exact: loopback of another scheme":     {exact, "https://127.0.0.1/cb", "http://127.0.0.1:51234/cb", false},
		"exact: loopback with user information": {exact, "http://127.0.0.1/cb", "http://a@127.0.0.1:51234/cb", false},
		"exact: loopback with another path":     {exact, "http://127.0.0.1/cb", "http://127.0.0.1:51234/other", false},
		"exact: localhost is a name":            {exact, "http://localhost/cb", "http://localhost:51234/cb", false},
		"prefix: itself":                        {prefix, "https://mis.example/cb", "https://mis.example/cb", true},
		"prefix: registered with a slash":       {prefix, "https://mis.example/cb/", "https://mis.example/cb", true},
		"prefix: a slash more":                  {prefix, "https://mis.example/cb", "https://mis.example/cb/", true},
		"prefix: a deeper path and a query": {prefix, "https://mis.example/cb", "https://mis.example/cb/deep?x=1",
			true},
		"prefix: a query, as a deployed MIS has it": {prefix, "https://mis.example/cb",
			"https://mis.example/cb?FP=eyJhIjoxfQ==", true},
		"prefix: a bare host":              {prefix, "https://mis.example", "https://mis.example/any?x", true},
		"prefix: a longer word":            {prefix, "https://mis.example/cb", "https://mis.example/cb2", false},
		"prefix: a fragment":               {prefix, "https://mis.example/cb", "https://mis.example/cb#f", false},
		"prefix: a parameter of the path":  {prefix, "https://mis.example/cb", "https://mis.example/cb;p", false},
		"prefix: an ampersand":             {prefix, "https://mis.example/cb", "https://mis.example/cb&x=1", false},
		"prefix: http":                     {prefix, "https://mis.example/cb", "http://mis.example/cb", false},
		"prefix: another case of the host": {prefix, "https://mis.example/cb", "https://MIS.example/cb", false},
		"prefix: another port":             {prefix, "https://mis.example/cb", "https://mis.example:8443/cb", false},
		"prefix: a shorter path":           {prefix, "https://mis.example/cb", "https://mis.example/", false},
		"prefix: a longer host":            {prefix, "https://mis.example", "https://mis.example.evil.tld", false},
		"prefix: user information":         {prefix, "https://mis.example", "https://mis.example@evil.tld", false},
		"prefix: the hole: in the path": {prefix, "https://mis.example/cb",
			"https://evil.tld/https://mis.example/cb", false},
		"prefix: the hole: in the query": {prefix, "https://mis.example/cb",
			"https://evil.tld/?u=https://mis.example/cb", false},
		"prefix: the hole: in the fragment": {prefix, "https://mis.example/cb",
			"https://evil.tld/#https://mis.example/cb", false},
		"prefix: the hole: a script": {prefix, "https://mis.example/cb",
			"javascript:alert(1)//https://mis.example/cb", false},
		"prefix: an empty registered URI": {prefix, "", "https://evil.tld/", false},
		"prefix: a registered slash":      {prefix, "/", "https://evil.tld/", false},
		"prefix: dot segments": {prefix, "https://mis.example/cb", "https://mis.example/cb/../admin",
			false},
		"prefix: encoded dot segments": {prefix, "https://mis.example/cb", "https://mis.example/cb/%2e%2e/admin",
			false},
		"prefix: twice encoded dot segments": {prefix, "https://mis.example/cb",
			"https://mis.example/cb/%252e%252e/admin", false},
		"prefix: dots with a path parameter": {prefix, "https://mis.example/cb", "https://mis.example/cb/..;a/admin",
			false},
		"prefix: an encoded slash": {prefix, "https://mis.example/cb", "https://mis.example/cb%2fadmin",
			false},
		"prefix: a backslash": {prefix, "https://mis.example/cb", `https://mis.example/cb/\evil.tld`,
			false},
		"prefix: an encoded backslash": {prefix, "https://mis.example/cb", "https://mis.example/cb/%5cevil.tld",
			false},
		"prefix: a line break": {prefix, "https://mis.example/cb",
			"https://mis.example/cb/\r\nSet-Cookie:a", false},
		"prefix: a space": {prefix, "https://mis.example/cb", "https://mis.example/cb/ x", false},
		"prefix: too long": {prefix, "https://mis.example/cb", "https://mis.example/cb/" +
			strings.Repeat("a", 2000), false},
		"prefix: a registered query: the same": {prefix, "https://mis.example/cb?x=1", "https://mis.example/cb?x=1",
			true},
		"prefix: a registered query: one more": {prefix, "https://mis.example/cb?x=1", "https://mis.example/cb?x=1&y=2",
			false},
		"prefix: a registered query: none": {prefix, "https://mis.example/cb?x=1", "https://mis.example/cb", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, redirect.Match(c.rule, c.registered, c.requested))
		})
	}
}

// FuzzRedirectURI holds the prefix rule to what it is for: whatever matches goes to the registered scheme, host and
// port, below the registered path.
func FuzzRedirectURI(f *testing.F) {
	for _, requested := range []string{
		"https://mis.example/cb", "https://mis.example/cb?FP=abc", "https://mis.example/cb/../x",
		"https://mis.example/cb/%2e%2e",
		"https://mis.example@evil.tld/cb", "https://mis.example/cb\\..\\x", "//mis.example/cb", "https:mis.example/cb",
		"https://mis.example:443/cb", "https://mis.example/cb/;/..", "https://mis.example/cb%00",
	} {
		f.Add("https://mis.example/cb", requested)
		f.Add("https://mis.example", requested)
	}
	f.Fuzz(func(t *testing.T, registered, requested string) {
		if !redirect.Match(storage.RedirectMatchPrefix, registered, requested) {
			return
		}
		known, err := url.Parse(registered)
		require.NoError(t, err)
		asked, err := url.Parse(requested)
		require.NoError(t, err)
		require.Equal(t, known.Scheme, asked.Scheme)
		require.Equal(t, known.Host, asked.Host)
		require.Nil(t, asked.User)
		require.NotContains(t, requested, "#")
		// A browser resolves the path against itself: it must stay below the registered one.
		resolved := asked.ResolveReference(&url.URL{Path: asked.Path}).Path
		require.True(t, strings.HasPrefix(resolved+"/", strings.TrimSuffix(known.Path, "/")+"/"), "%q leaves %q", requested,
			registered)
	})
}
