package login

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a file of places: its lines, and the name of a place in characters.
const (
	mostPlaces   = 10_000
	longestPlace = 80
)

// Places say where networks are, as far as an operator does.
type Places struct{ networks []placedNetwork }

type placedNetwork struct {
	prefix netip.Prefix
	place  string
}

// ReadPlaces reads a line for each network: its addresses, such as 10.20.0.0/16, a blank, and the name of the place.
// Of networks that lie in each other the smallest counts. Empty lines and those that begin with # are left out.
func ReadPlaces(content []byte) (*Places, error) {
	places := &Places{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		network, err := readPlace(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		if places.networks = append(places.networks, network); len(places.networks) > mostPlaces {
			return nil, fmt.Errorf("has more than %d networks", mostPlaces)
		}
	}
	slices.SortStableFunc(places.networks, func(a, b placedNetwork) int { return b.prefix.Bits() - a.prefix.Bits() })
	return places, lines.Err()
}

func readPlace(line string) (n placedNetwork, err error) {
	end := strings.IndexFunc(line, unicode.IsSpace)
	if end < 0 {
		return n, errors.New("want a network and the name of a place, such as 10.20.0.0/16 Clinic")
	}
	if n.prefix, err = netip.ParsePrefix(line[:end]); err != nil {
		return n, fmt.Errorf("%q is no network: want one such as 10.20.0.0/16", line[:end])
	}
	n.prefix, n.place = n.prefix.Masked(), strings.TrimSpace(line[end:])
	if utf8.RuneCountInString(n.place) > longestPlace || !utf8.ValidString(n.place) ||
		strings.ContainsFunc(n.place, unicode.IsControl) {
		return n, fmt.Errorf("the name of the place has more than %d characters, or some that are none", longestPlace)
	}
	return n, nil
}

// of is the place of an address, "" where the operator names none.
func (p *Places) of(address string) string {
	parsed, err := netip.ParseAddr(address)
	if p == nil || err != nil {
		return ""
	}
	for _, n := range p.networks {
		if n.prefix.Contains(parsed.Unmap()) {
			return n.place
		}
	}
	return ""
}
