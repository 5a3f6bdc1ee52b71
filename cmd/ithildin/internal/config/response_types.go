package config

import (
	"cmp"
	"slices"
	"strings"

	"ithildin/provider/oauth"
)

const defaultResponseTypes = "code"

// loadResponseTypes reads a list of response types. The values within a response type may have any order.
func loadResponseTypes(p *problems, list string) []string {
	var wanted []string
	for item := range strings.SplitSeq(cmp.Or(list, defaultResponseTypes), ",") {
		responseType := oauth.NormalizeResponseType(item)
		switch {
		case responseType == "":
			p.add("ITHILDIN_RESPONSE_TYPES", "has %q: want some of %s", strings.TrimSpace(item),
				strings.Join(oauth.ResponseTypes, ", "))
		case !slices.Contains(wanted, responseType):
			wanted = append(wanted, responseType)
		}
	}
	return wanted
}
