package provider

import (
	"fmt"
	"net/url"
	"strings"

	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// difference is the first part in which two URIs differ, in the order of their parts; a later one is a nearer miss.
type difference int

const (
	differsInHost difference = iota
	differsInScheme
	differsInPort
	differsInPath
	differsInCase
	differsInTrailingSlash
	differsInQuery
	differsInNothing
	// What no registered URI may be.
	isNotAbsolute
	hasFragment
	hasUserInformation
)

// redirectMismatch is ErrRedirectURI with what a page says about it.
type redirectMismatch struct {
	requested string
	nearest   difference
}

// Error is for the log.
func (m *redirectMismatch) Error() string { return ErrRedirectURI.Error() }

// Unwrap lets errors.Is find ErrRedirectURI.
func (m *redirectMismatch) Unwrap() error { return ErrRedirectURI }

// nearMiss names the first true difference. It names no part of what is registered.
var nearMiss = map[difference]string{
	isNotAbsolute:          " It is not an absolute URI.",
	hasFragment:            " It has a fragment.",
	hasUserInformation:     " It has user information.",
	differsInScheme:        " One of them differs in its scheme.",
	differsInPort:          " One of them differs in its port.",
	differsInPath:          " One of them has the same host and another path.",
	differsInCase:          " One of them differs in small and capital letters.",
	differsInTrailingSlash: " One of them differs in its trailing slash.",
	differsInQuery:         " One of them differs in its query.",
}

// nearMissDetail is nearMiss for a page, as a message key.
var nearMissDetail = map[difference]string{
	isNotAbsolute:          login.DetailRedirectNotAbsolute,
	hasFragment:            login.DetailRedirectFragment,
	hasUserInformation:     login.DetailRedirectUser,
	differsInScheme:        login.DetailRedirectScheme,
	differsInPort:          login.DetailRedirectPort,
	differsInPath:          login.DetailRedirectPath,
	differsInCase:          login.DetailRedirectCase,
	differsInTrailingSlash: login.DetailRedirectTrailingSlash,
	differsInQuery:         login.DetailRedirectQuery,
}

// mismatch says what was received and what the near miss is. It does not list what is registered: the page is seen by
// whoever opens a link.
func mismatch(parameter string, registered []string, requested string) *oauth.Error {
	nearest := nearestDifference(registered, requested)
	text := fmt.Sprintf("The %s %.200q is none of the %d that the client registered.", parameter, requested, len(registered))
	return oauth.InvalidRequest(text + nearMiss[nearest]).Because(&redirectMismatch{requested, nearest})
}

func nearestDifference(registered []string, requested string) difference {
	asked, err := url.Parse(requested)
	switch {
	case err != nil || !asked.IsAbs():
		return isNotAbsolute
	case strings.Contains(requested, "#"):
		return hasFragment
	case asked.User != nil:
		return hasUserInformation
	}
	nearest := differsInHost
	for _, r := range registered {
		if known, err := url.Parse(r); err == nil {
			nearest = max(nearest, compareURIs(known, asked))
		}
	}
	return nearest
}

func compareURIs(known, asked *url.URL) difference {
	sameHost := strings.EqualFold(known.Hostname(), asked.Hostname())
	if known.Host == "" || asked.Host == "" { // of a private-use scheme, which stands for the host
		sameHost = known.Host == asked.Host && strings.EqualFold(known.Scheme, asked.Scheme)
	}
	anyPort := known.Scheme == "http" && isLoopback(known.Hostname()) // matchLoopback
	path, askedPath := known.EscapedPath()+known.Opaque, asked.EscapedPath()+asked.Opaque
	switch {
	case !sameHost:
		return differsInHost
	case known.Scheme != asked.Scheme:
		return differsInScheme
	case known.Port() != asked.Port() && !anyPort:
		return differsInPort
	case path != askedPath && strings.TrimSuffix(path, "/") == strings.TrimSuffix(askedPath, "/"):
		return differsInTrailingSlash
	case path != askedPath && strings.EqualFold(path, askedPath):
		return differsInCase
	case path != askedPath:
		return differsInPath
	case known.RawQuery != asked.RawQuery || known.ForceQuery != asked.ForceQuery:
		return differsInQuery
	case known.Hostname() != asked.Hostname():
		return differsInCase
	}
	return differsInNothing
}
