package mithril

import (
	"context"
	"regexp"
	"slices"
	"strings"
)

// longestScopeName bounds a name, in bytes; a longer one is no name.
const longestScopeName = 128

// scopeNames are the names that occur in the source on their own.
type scopeNames map[string]bool

// oneName is the form of mithril's names, such as legal_entity:read.
var oneName = regexp.MustCompile(`^[a-z0-9_.-]+:[a-z0-9_.-]+$`)

// clean cuts a scope string into names, without repetitions. A name that two names were glued to, because somebody
// appended without a space, is cut in two. It says what was repaired.
func (known scopeNames) clean(scope string) (names []string, repaired []string) {
	fields := strings.Fields(scope)
	if strings.Join(fields, " ") != scope {
		repaired = append(repaired, "white space")
	}
	for _, field := range fields {
		parts := known.split(field)
		if len(parts) > 1 {
			repaired = append(repaired, field+" is "+strings.Join(parts, " and "))
		}
		for _, part := range parts {
			if slices.Contains(names, part) {
				repaired = append(repaired, part+" was there twice")
				continue
			}
			names = append(names, part)
		}
	}
	return names, repaired
}

// split finds the names in one that has more colons than a name has. The first must be known; the longest counts.
func (known scopeNames) split(field string) []string {
	if strings.Count(field, ":") < 2 || known[field] {
		return []string{field}
	}
	for end := len(field) - 1; end > 0; end-- {
		first, rest := field[:end], field[end:]
		if !known[first] {
			continue
		}
		if tail := known.split(rest); len(tail) > 1 || known[rest] || oneName.MatchString(rest) {
			return append([]string{first}, tail...)
		}
	}
	return []string{field}
}

// scopes gathers the names that types, roles and brokers have, and adds those that our catalogue lacks.
func (i *importer) scopes(ctx context.Context) error {
	line := i.report.line("scopes")
	type row struct {
		Scope string `db:"scope"`
	}
	all := `SELECT coalesce(scope, '') AS scope FROM client_types UNION ALL SELECT coalesce(scope, '') FROM roles
UNION ALL SELECT coalesce(priv_settings->>'broker_scope', '') FROM clients`
	i.known = scopeNames{}
	var unusual []string
	err := read(ctx, i.source, all, nil, func(r row) error {
		for _, name := range strings.Fields(r.Scope) {
			switch {
			case len(name) > longestScopeName:
			case strings.Count(name, ":") < 2:
				i.known[name] = true
			case !slices.Contains(unusual, name):
				unusual = append(unusual, name)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// What is glued together gives its parts away; what is not is a name, however unusual.
	slices.SortFunc(unusual, func(a, b string) int { return len(a) - len(b) })
	for _, name := range unusual {
		for _, part := range i.known.split(name) {
			i.known[part] = true
		}
	}
	names := make([]string, 0, len(i.known))
	for name := range i.known {
		names = append(names, name)
		if !oneName.MatchString(name) {
			line.note("unusual name: %s", name)
		}
	}
	slices.Sort(names)
	line.Read = int64(len(names))
	if i.Store == nil {
		return nil
	}
	line.Written, _, err = i.Store.ImportScopes(ctx, names)
	return err
}

// scope cleans a scope string of a row and reports what was wrong with it.
func (i *importer) scope(line *Line, name, scope string) []string {
	names, repaired := i.known.clean(scope)
	if len(repaired) > 0 {
		line.repair("%s: %s", name, strings.Join(repaired, ", "))
	}
	for _, n := range names {
		if !i.known[n] {
			line.note("unknown scope: %s has %.60s, which no client type or role has", name, n)
		}
	}
	return names
}
