package redirect

import (
	"fmt"
	"net/url"
	"strings"
)

// Difference is the first part in which two URIs differ, in the order of their parts; a later one is a nearer miss.
type Difference int

// The differences that a page tells of. The last three are of what no registered URI may be.
const (
	DiffersInHost Difference = iota
	DiffersInScheme
	DiffersInPort
	DiffersInPath
	DiffersInCase
	DiffersInTrailingSlash
	DiffersInQuery
	DiffersInNothing
	IsNotAbsolute
	HasFragment
	HasUserInformation
)

// Mismatch says that a URI is none of those that a client registered, with what a page says about it. It is an
// ErrUnregistered.
type Mismatch struct {
	Requested  string
	registered int // how many there are
	Nearest    Difference
}

// NewMismatch compares a URI with those that are registered. It keeps none of these: what is said of it is seen by
// whoever opens a link.
func NewMismatch(registered []string, requested string) *Mismatch {
	return &Mismatch{requested, len(registered), nearestDifference(registered, requested)}
}

// Describe says what was received in a parameter, and what the near miss is.
func (m *Mismatch) Describe(parameter string) string {
	return fmt.Sprintf("The %s %.200q is none of the %d that the client registered.", parameter, m.Requested,
		m.registered) +
		nearMisses[m.Nearest]
}

// Error is for the log. It has the URI that was received up to its path, for its parameters may hold anything.
func (m *Mismatch) Error() string {
	address, _, _ := strings.Cut(m.Requested, "?")
	address, _, _ = strings.Cut(address, "#")
	return fmt.Sprintf("%v: %.200q", ErrUnregistered, address)
}

// Unwrap lets errors.Is find ErrUnregistered.
func (m *Mismatch) Unwrap() error { return ErrUnregistered }

// nearMisses names the first true difference. It names no part of what is registered.
var nearMisses = map[Difference]string{
	IsNotAbsolute:          " It is not an absolute URI.",
	HasFragment:            " It has a fragment.",
	HasUserInformation:     " It has user information.",
	DiffersInScheme:        " One of them differs in its scheme.",
	DiffersInPort:          " One of them differs in its port.",
	DiffersInPath:          " One of them has the same host and another path.",
	DiffersInCase:          " One of them differs in small and capital letters.",
	DiffersInTrailingSlash: " One of them differs in its trailing slash.",
	DiffersInQuery:         " One of them differs in its query.",
}

func nearestDifference(registered []string, requested string) Difference {
	asked, err := url.Parse(requested)
	switch {
	case err != nil || !asked.IsAbs():
		return IsNotAbsolute
	case strings.Contains(requested, "#"):
		return HasFragment
	case asked.User != nil:
		return HasUserInformation
	}
	nearest := DiffersInHost
	for _, r := range registered {
		if known, err := url.Parse(r); err == nil {
			nearest = max(nearest, compareURIs(known, asked))
		}
	}
	return nearest
}

func compareURIs(known, asked *url.URL) Difference {
	sameHost := strings.EqualFold(known.Hostname(), asked.Hostname())
	if known.Host == "" || asked.Host == "" { // of a private-use scheme, which stands for the host
		sameHost = known.Host == asked.Host && strings.EqualFold(known.Scheme, asked.Scheme)
	}
	anyPort := known.Scheme == "http" && isLoopback(known.Hostname()) // matchLoopback
	path, askedPath := known.EscapedPath()+known.Opaque, asked.EscapedPath()+asked.Opaque
	switch {
	case !sameHost:
		return DiffersInHost
	case known.Scheme != asked.Scheme:
		return DiffersInScheme
	case known.Port() != asked.Port() && !anyPort:
		return DiffersInPort
	case path != askedPath && strings.TrimSuffix(path, "/") == strings.TrimSuffix(askedPath, "/"):
		return DiffersInTrailingSlash
	case path != askedPath && strings.EqualFold(path, askedPath):
		return DiffersInCase
	case path != askedPath:
		return DiffersInPath
	case known.RawQuery != asked.RawQuery || known.ForceQuery != asked.ForceQuery:
		return DiffersInQuery
	case known.Hostname() != asked.Hostname():
		return DiffersInCase
	}
	return DiffersInNothing
}
