package details

import "slices"

// Within says whether details are within those that were granted: each of them within one that no other of them takes,
// so that what was granted once is not had twice.
func Within(granted, named []Detail) bool {
	return matched(values(granted), values(named))
}

func values(list []Detail) []any {
	all := make([]any, len(list))
	for i, d := range list {
		all[i] = map[string]any(d)
	}
	return all
}

// within compares two values of a field: objects have the same members, each within the other's; lists have elements of
// the granted one; all else is equal. What was granted with a member is not had without it, since without it a detail
// may mean more.
func within(granted, named any) bool {
	switch g := granted.(type) {
	case map[string]any:
		n, isObject := named.(map[string]any)
		if !isObject || len(n) != len(g) {
			return false
		}
		for name, value := range g {
			other, there := n[name]
			if !there || !within(value, other) {
				return false
			}
		}
		return true
	case []any:
		n, isList := named.([]any)
		return isList && len(n) > 0 && matched(g, n)
	default:
		return isScalar(named) && granted == named
	}
}

func isScalar(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// matched says whether each named value can be given a granted one of its own that it is within.
func matched(granted, named []any) bool {
	if len(named) > len(granted) {
		return false
	}
	taken := make([]int, len(granted)) // by which of the named, from 1
	for i := range named {
		if !match(granted, named, i, taken, make([]bool, len(granted))) {
			return false
		}
	}
	return true
}

// match gives the named value i a granted one, where another has to move if it must (augmenting paths).
func match(granted, named []any, i int, taken []int, seen []bool) bool {
	for j := range granted {
		if seen[j] || !within(granted[j], named[i]) {
			continue
		}
		seen[j] = true
		if taken[j] == 0 || match(granted, named, taken[j]-1, taken, seen) {
			taken[j] = i + 1
			return true
		}
	}
	return false
}

// Locations are the resources that a detail is for, nil where it names none.
func (d Detail) Locations() (identifiers []string) {
	list, _ := d[fieldLocations].([]any)
	for _, element := range list {
		if identifier, isText := element.(string); isText {
			identifiers = append(identifiers, identifier)
		}
	}
	return identifiers
}

// ForResources returns the details that are for one of the resources, and those that name none.
func ForResources(list []Detail, identifiers []string) []Detail {
	return slices.DeleteFunc(slices.Clone(list), func(d Detail) bool {
		locations := d.Locations()
		return len(locations) > 0 &&
			!slices.ContainsFunc(locations, func(l string) bool { return slices.Contains(identifiers, l) })
	})
}
