package main_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// formBrowser is a browser without scripts, and before it the demo user, who agrees to everything.
type formBrowser struct {
	t    *testing.T
	http *http.Client
	// stop begins the addresses where an application takes over; they are not opened.
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

var (
	postForm = regexp.MustCompile(`<form method="post"[^>]* action="([^"]+)"`)
	// deviceCodeField is the code of a device, where the address of the page had it.
	deviceCodeField = regexp.MustCompile(`<input type="text" id="user_code" name="user_code" value="([^"]+)"`)

	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// visit opens an address, sends the form of each page that it is shown, and returns what it ends at: the address
// where an application takes over, or a page without a form and its text.
func (b *formBrowser) visit(address string) (landed *url.URL, body string) {
	response, body := b.read(b.http.Get(address))
	for range 10 {
		if location, err := response.Location(); err == nil {
			return location, body
		}
		form := postForm.FindStringSubmatch(body)
		if form == nil {
			return response.Request.URL, body
		}
		fields := url.Values{
			"username": {"doctor@example.com"}, "password": {"demo-password-1"}, "decision": {"accept"}, "matches": {"yes"},
		}
		if filledIn := deviceCodeField.FindStringSubmatch(body); filledIn != nil {
			fields.Set("user_code", filledIn[1])
		}
		for _, hidden := range hiddenField.FindAllStringSubmatch(body, -1) {
			fields.Set(hidden[1], html.UnescapeString(hidden[2]))
		}
		target, err := response.Request.URL.Parse(html.UnescapeString(form[1]))
		require.NoError(b.t, err)
		response, body = b.read(b.http.PostForm(target.String(), fields))
	}
	require.FailNow(b.t, "there is no end of forms", body)
	return nil, ""
}

func (b *formBrowser) read(response *http.Response, err error) (*http.Response, string) {
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	require.Less(b.t, response.StatusCode, http.StatusBadRequest, string(body))
	return response, string(body)
}
