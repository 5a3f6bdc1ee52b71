package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Rules say which requests pass, and what a token needs for it. The first rule whose path and method match counts.
type Rules struct {
	Rules []*Rule `json:"rules"`
}

// Rule is about some paths and methods.
type Rule struct {
	// Path is a regular expression (RE2) for the whole path, decoded and without the query.
	Path    string   `json:"path"`
	Methods []string `json:"methods"` // none: every method
	// Scopes must all be in the scope of the token, and in that of the broker, where the client has one.
	Scopes []string `json:"scopes"`
	// Audiences are the resources behind the rule: a token that says what it is for must be for one of them (RFC 9068 4).
	// None: one of the gateway's.
	Audiences []string `json:"audiences"`
	// MISOnly lets a MIS pass by its api-key alone, without a user.
	MISOnly bool `json:"mis_only"`
	// Public lets everybody pass.
	Public bool        `json:"public"`
	ABAC   *RecordABAC `json:"abac"`

	pattern *regexp.Regexp
}

// RecordABAC is what the ABAC service is asked about (contract section 8.2). A value may hold {name}, a named group of
// the rule's path.
type RecordABAC struct {
	ResourceType string    `json:"resource_type"`
	Action       string    `json:"action"`
	ResourceID   string    `json:"resource_id"`
	Contexts     []Context `json:"contexts"`
}

// Context is a record that the one asked about belongs to.
type Context struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

var (
	methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	actions = []string{"create", "read", "update", "action"}
	group   = regexp.MustCompile(`\{([^{}]*)\}`)
)

// ParseRules reads a rules file. The error names everything that is wrong.
func ParseRules(content []byte) (*Rules, error) {
	var rules Rules
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields() // a misspelt member must not widen a rule
	if err := decoder.Decode(&rules); err != nil {
		return nil, fmt.Errorf("the rules are not JSON of the known form: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the rules")
	}
	var problems []error
	for i, rule := range rules.Rules {
		for _, problem := range rule.check() {
			problems = append(problems, fmt.Errorf("rule %d (%s): %s", i+1, rule.Path, problem))
		}
	}
	if len(rules.Rules) == 0 {
		problems = append(problems, errors.New("there are no rules"))
	}
	return &rules, errors.Join(problems...)
}

func (r *Rule) check() (problems []string) {
	var err error
	if r.Path == "" {
		problems = append(problems, "path is missing")
	} else if r.pattern, err = regexp.Compile(`^(?:` + r.Path + `)$`); err != nil {
		problems = append(problems, "path is no regular expression: "+err.Error())
	}
	for _, method := range r.Methods {
		if !slices.Contains(methods, method) {
			problems = append(problems, fmt.Sprintf("method %q: want one of %v", method, methods))
		}
	}
	for _, scope := range r.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\n") {
			problems = append(problems, fmt.Sprintf("scope %q is no name", scope))
		}
	}
	if slices.Contains(r.Audiences, "") {
		problems = append(problems, "an audience is empty")
	}
	kinds := 0
	for _, is := range []bool{r.Public, r.MISOnly, len(r.Scopes) > 0} {
		if is {
			kinds++
		}
	}
	if kinds != 1 {
		problems = append(problems, "want one of scopes, mis_only and public")
	}
	if r.ABAC != nil {
		problems = append(problems, r.checkABAC()...)
	}
	return problems
}

func (r *Rule) checkABAC() (problems []string) {
	if len(r.Scopes) == 0 {
		problems = append(problems, "abac needs a user, so it goes with scopes")
	}
	if r.ABAC.ResourceType == "" || !slices.Contains(actions, r.ABAC.Action) {
		problems = append(problems, fmt.Sprintf("abac wants a resource_type, and an action of %v", actions))
	}
	values := []string{r.ABAC.ResourceID}
	for _, context := range r.ABAC.Contexts {
		if context.Type == "" || context.ID == "" {
			problems = append(problems, "a context of abac wants a type and an id")
		}
		values = append(values, context.ID)
	}
	for _, value := range values {
		for _, name := range group.FindAllStringSubmatch(value, -1) {
			if r.pattern != nil && r.pattern.SubexpIndex(name[1]) < 0 {
				problems = append(problems, fmt.Sprintf("abac names {%s}, which is no group of the path", name[1]))
			}
		}
	}
	return problems
}

// audiences are those of all rules.
func (r *Rules) audiences() (names []string) {
	for _, rule := range r.Rules {
		names = append(names, rule.Audiences...)
	}
	return names
}

// scopes are those that the rules ask for, each once and in the order of names.
func (r *Rules) scopes() (names []string) {
	for _, rule := range r.Rules {
		names = append(names, rule.Scopes...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// find is the first rule for a request, nil where there is none. A path that is ambiguous is empty, and has none.
func (r *Rules) find(o original) *Rule {
	if o.path == "" {
		return nil
	}
	for _, rule := range r.Rules {
		if (len(rule.Methods) == 0 || slices.Contains(rule.Methods, o.method)) && rule.pattern.MatchString(o.path) {
			return rule
		}
	}
	return nil
}

// record fills the groups of a path into what the ABAC service is asked. It is not ok where a group is empty.
func (r *Rule) record(path string) (RecordABAC, bool) {
	found := r.pattern.FindStringSubmatch(path)
	ok := true
	fill := func(value string) string {
		return group.ReplaceAllStringFunc(value, func(name string) string {
			index := r.pattern.SubexpIndex(strings.Trim(name, "{}"))
			if found == nil || index < 0 || found[index] == "" {
				ok = false
				return ""
			}
			return found[index]
		})
	}
	record := RecordABAC{ResourceType: r.ABAC.ResourceType, Action: r.ABAC.Action, ResourceID: fill(r.ABAC.ResourceID)}
	for _, context := range r.ABAC.Contexts {
		record.Contexts = append(record.Contexts, Context{Type: context.Type, ID: fill(context.ID)})
	}
	return record, ok
}
