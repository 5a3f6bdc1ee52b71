package main_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// formBrowser is a person at a browser without scripts, who is the demo user and agrees to everything.
type formBrowser struct {
	t    *testing.T
	http *http.Client
	// stop is the prefix of addresses where an application takes over: they are not opened.
	stop string
}

func newFormBrowser(t *testing.T, client *http.Client) *formBrowser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &formBrowser{t: t, http: client}
	client.Jar = jar
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if b.stop != "" && strings.HasPrefix(r.URL.String(), b.stop) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

var hiddenRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)

// signIn begins an authorization and answers every page, until there is none of ours.
func (b *formBrowser) signIn(begin string) (*http.Response, string) {
	response, body := b.read(b.http.Get(begin))
	for strings.HasPrefix(response.Request.URL.Path, "/login/") && response.StatusCode == http.StatusOK {
		request := hiddenRequest.FindStringSubmatch(body)
		require.NotNil(b.t, request, body)
		response, body = b.post(response.Request.URL.String(), "request", request[1],
			"username", "doctor@example.com", "password", "demo-password-1", "decision", "accept")
	}
	return response, body
}

// post sends a form of names and values.
func (b *formBrowser) post(address string, fields ...string) (*http.Response, string) {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.read(b.http.PostForm(address, form))
}

func (b *formBrowser) read(response *http.Response, err error) (*http.Response, string) {
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return response, string(body)
}
