package provider_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/storage/storagetest"
)

// askFront asks for an address as somebody who accepts some kinds of answers.
func askFront(t *testing.T, b *browser, method, address, accept string) page {
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return b.do(r)
}

const acceptsPages = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestFrontPageTellsAPersonWhereToGoAndThenLeadsToTheAccount(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	b := s.browser()
	p := askFront(t, b, http.MethodGet, s.server.URL+"/", acceptsPages)
	require.Equal(t, http.StatusOK, p.status)
	require.Contains(t, p.header.Get("Content-Type"), "text/html")
	require.Contains(t, p.body, "Вхід до застосунків")
	require.Contains(t, p.body, `href="/login/account"`)

	signIn := b.get(s.server.URL + login.PathAccount)
	require.Equal(t, login.PathAccount, b.signIn(signIn).url.Path)
	require.Equal(t, login.PathAccount, askFront(t, b, http.MethodGet, s.server.URL+"/", acceptsPages).url.Path)
}

func TestFrontPageIsNothingForAProgram(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		for _, accept := range []string{"", "*/*", "application/json"} {
			front := askFront(t, s.browser(), method, s.server.URL+"/", accept)
			nothing := askFront(t, s.browser(), method, s.server.URL+"/nothing", accept)
			require.Equal(t, nothing.status, front.status, "%s %s", method, accept)
			require.Equal(t, nothing.header.Get("Content-Type"), front.header.Get("Content-Type"))
		}
	}
	require.Equal(t, http.StatusNotFound,
		askFront(t, s.browser(), http.MethodPost, s.server.URL+"/", acceptsPages).status, "it takes no form")
}

func TestFrontPageOfAnIssuerWithAPathLeadsBelowIt(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], withIssuerPath)
	p := askFront(t, s.browser(), http.MethodGet, s.server.URL+"/id/", acceptsPages)
	require.Equal(t, http.StatusOK, p.status)
	require.True(t, strings.Contains(p.body, `href="/id/login/account"`), p.body)
}
