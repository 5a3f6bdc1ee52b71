package oauth

import "slices"

// ContainsAll says whether every one of names is in all.
func ContainsAll(all, names []string) bool {
	for _, name := range names {
		if !slices.Contains(all, name) {
			return false
		}
	}
	return true
}

// Union are the names of both, each once and in their order.
func Union(all, more []string) []string {
	both := slices.Clone(all)
	for _, name := range more {
		if !slices.Contains(both, name) {
			both = append(both, name)
		}
	}
	return both
}
