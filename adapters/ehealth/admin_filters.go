package ehealth

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// pagingNames are what every list takes beside its filters; the old system took the last two and did nothing with them.
var pagingNames = []string{"page", "page_size", cursorParameter, "limit", "starting_after"}

// onlyFilters refuses a query with a name that is not among those given, and one that gives a name two values: whoever
// asks with a filter decides by the answer, and a filter that is dropped in silence answers about everybody. A name
// without a value is no filter, as in the old system. An id of the path counts as a filter, and a deletion may have its
// filters in the body.
func onlyFilters(e endpoint, names ...string) endpoint {
	unknown := rule{Rule: "unknown", Description: "is not a filter here", Params: names}
	return func(w http.ResponseWriter, r *http.Request) error {
		if failed := mergeBody(w, r); failed != nil {
			return failed
		}
		f := newFilters(r)
		for _, name := range readPathIDs(r) {
			f.broke(name)
		}
		for name, values := range r.URL.Query() {
			values = slices.DeleteFunc(slices.Clone(values), func(value string) bool { return value == "" })
			slices.Sort(values)
			switch {
			case len(values) == 0:
			case !slices.Contains(names, name):
				f.breaks(strings.ToValidUTF8(name, ""), unknown)
			case len(slices.Compact(values)) > 1:
				f.breaks(name, ruleRepeated)
			}
		}
		if failed := f.failed(); failed != nil {
			return failed
		}
		return e(w, r)
	}
}

// mergeBody puts the filters that the body of a deletion has into its query, where they count more.
func mergeBody(w http.ResponseWriter, r *http.Request) *contractError {
	if r.Method != http.MethodDelete || r.ContentLength == 0 {
		return nil
	}
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return failed
	}
	c, query := newCheck(fields), r.URL.Query()
	for name := range fields {
		query.Set(name, c.optionalText(name))
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	r.URL.RawQuery = query.Encode()
	return nil
}

// longestFilter bounds the value of a filter, in bytes: the longest list of ids.
const longestFilter = mostFilterIDs * len("00000000-0000-0000-0000-000000000000,")

var (
	ruleRepeated = rule{Rule: "repeated", Description: "has more than one value", Params: []string{}}
	ruleBoolean  = rule{Rule: "cast", Description: "is invalid", Params: []string{"boolean"}}
	ruleUUIDs    = rule{Rule: "cast", Description: "is invalid", Params: []string{"Elixir.Core.Ecto.CommaParamsUUID"}}
)

// filters read the query of a list, and collect what is wrong with it.
type filters struct {
	query  func(string) string
	broken []invalid
}

func newFilters(r *http.Request) *filters {
	query := r.URL.Query()
	return &filters{query: func(name string) string {
		for _, value := range query[name] {
			if value != "" {
				return value
			}
		}
		return ""
	}}
}

// stringOf is a value of the query; "" where there is none.
func (f *filters) stringOf(name string) string {
	value := f.query(name)
	if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(value) > longestFilter {
		f.breaks(name, ruleString)
		return ""
	}
	return value
}

// boolean is what the old system took for one; nil where there is none.
func (f *filters) boolean(name string) *bool {
	value, known := f.stringOf(name), true
	switch value {
	case "":
		return nil
	case "true", "1":
	case "false", "0":
		known = false
	default:
		f.breaks(name, ruleBoolean)
		return nil
	}
	return &known
}

// list are texts of the query, separated by commas; nil where there are none.
func (f *filters) list(name string) []string {
	return slices.DeleteFunc(strings.Split(f.stringOf(name), ","), func(word string) bool { return word == "" })
}

// id is a UUID of the query, "" where there is none.
func (f *filters) id(name string) string {
	if f.stringOf(name) == "" {
		return ""
	}
	id, isUUID := parseUUID(f.stringOf(name))
	if !isUUID {
		f.broke(name)
	}
	return id
}

// ids are UUIDs of the query, separated by commas; nil where there are none.
func (f *filters) ids(name string) []string {
	if f.stringOf(name) == "" {
		return nil
	}
	list := strings.Split(f.stringOf(name), ",")
	ids := make([]string, 0, len(list))
	for _, value := range list {
		id, isUUID := parseUUID(value)
		if !isUUID || len(list) > mostFilterIDs {
			f.breaks(name, ruleUUIDs)
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

func (f *filters) broke(name string) { f.breaks(name, ruleUUID) }

// breaks notes a filter that is wrong. The old system worded filters as it did fields of a body.
func (f *filters) breaks(name string, broken rule) {
	f.broken = append(f.broken, invalid{Entry: "$." + name, EntryType: "json_data_property", Rules: []rule{broken}})
}

// failed is the answer that lists what is wrong, nil where nothing is.
func (f *filters) failed() *contractError {
	if len(f.broken) == 0 {
		return nil
	}
	slices.SortFunc(f.broken, func(a, b invalid) int { return strings.Compare(a.Entry, b.Entry) })
	failed := invalidEntries(f.broken)
	return &failed
}

// both is what a list of ids and one id have in common, where no list means every id; none says that it is nothing.
func both(ids []string, id string) (common []string, none bool) {
	if len(ids) > 0 && !slices.Contains(ids, id) {
		return nil, true
	}
	return []string{id}, false
}
