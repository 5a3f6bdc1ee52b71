package declaration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"ithildin/cmd/ithildin/internal/administration"
)

// The actions of a plan, by the signs that stand before them.
const (
	create = '+'
	update = '~'
	remove = '-'
)

// Plan is what makes a database what a file declares, in the order in which it can be done.
type Plan struct {
	changes []change
}

type change struct {
	action  rune
	kind    string
	name    string
	members []difference
	make    func(context.Context) (*Secret, error)
}

// difference is a member that is to change, as JSON; "" where it is absent.
type difference struct{ member, before, after string }

// Secret is a secret that was made for a new connection. It is shown once.
type Secret struct {
	ClientID     string `json:"client_id"`
	ConnectionID string `json:"connection_id"`
	Secret       string `json:"client_secret"`
}

// Options say how a file is compared.
type Options struct {
	// Prune plans to delete what the lists of the file do not have. A list that the file has not is left alone, and so
	// are the scopes that every database has and clients that registered themselves.
	Prune bool
	// Secrets says how new secrets are stored.
	Secrets administration.Secret
	// NoNewSecrets refuses a new connection whose secret would have to be made: nobody is there to see it.
	NoNewSecrets bool
}

// comparison is one run of Compare.
type comparison struct {
	Options
	admin administration.Administration
	file  *File
	plan  *Plan
	// scopes and types are the names that there will be.
	scopes map[string]bool
	types  map[string]bool
}

// Compare makes the plan for a file. Errors name every entry that could not be stored.
func Compare(ctx context.Context, admin administration.Administration, f *File, o Options) (*Plan, error) {
	c := &comparison{
		Options: o, admin: admin, file: f, plan: &Plan{}, scopes: map[string]bool{}, types: map[string]bool{},
	}
	var pruned [][]change
	for _, compare := range []func(context.Context) ([]change, error){
		c.compareScopes, c.compareClientTypes, c.compareRoles, c.compareClients, c.compareResources,
		c.compareDetailTypes,
	} {
		removals, err := compare(ctx)
		if err != nil {
			return nil, err
		}
		pruned = append(pruned, removals)
	}
	for _, removals := range slices.Backward(pruned) { // clients before the types and scopes that they name
		c.plan.changes = append(c.plan.changes, removals...)
	}
	return c.plan, nil
}

// add plans a change, an update only where it changes a member.
func (c *comparison) add(planned change) {
	if planned.action != update || len(planned.members) > 0 {
		c.plan.changes = append(c.plan.changes, planned)
	}
}

// IsEmpty says that there is nothing to do.
func (p *Plan) IsEmpty() bool { return len(p.changes) == 0 }

// Deletes says how much is to be deleted.
func (p *Plan) Deletes() int {
	n := 0
	for _, planned := range p.changes {
		if planned.action == remove {
			n++
		}
	}
	return n
}

// Summary has a line for each change, such as "+ client clinic".
func (p *Plan) Summary() (lines []string) {
	for _, planned := range p.changes {
		lines = append(lines, planned.String())
	}
	return lines
}

func (c change) String() string { return fmt.Sprintf("%c %s %s", c.action, c.kind, c.name) }

// Write shows the plan: a line for each change, and one for each member that changes.
func (p *Plan) Write(w io.Writer) error {
	for _, planned := range p.changes {
		if _, err := fmt.Fprintln(w, planned); err != nil {
			return err
		}
		for _, d := range planned.members {
			line := fmt.Sprintf("    %s: %s\n", d.member, d.after)
			if planned.action == update {
				line = fmt.Sprintf("    %s: %s -> %s\n", d.member, orAbsent(d.before), orAbsent(d.after))
			}
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

func orAbsent(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// Apply makes the changes, in one transaction where it works on a database. It returns the secrets that were made;
// after an error of a server those of the changes before it.
func (p *Plan) Apply(ctx context.Context, admin administration.Administration) (made []Secret, err error) {
	err = admin.Together(ctx, func(ctx context.Context) error {
		made = nil // the transaction may be run again
		for _, planned := range p.changes {
			secret, err := planned.make(ctx)
			if err != nil {
				return fmt.Errorf("%s %s: %w", planned.kind, planned.name, err)
			}
			if secret != nil {
				made = append(made, *secret)
			}
		}
		return nil
	})
	return made, err
}

// differences are the members of two values whose JSON differs, by name; those of an object within are members of
// their own.
func differences(before, after any) ([]difference, error) {
	old, err := membersOf(before)
	if err != nil {
		return nil, err
	}
	changed, err := membersOf(after)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(old)
	maps.Copy(names, changed)
	var found []difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if old[name] != changed[name] {
			found = append(found, difference{name, old[name], changed[name]})
		}
	}
	return found, nil
}

// membersOf is the JSON of each member of a value, nil and empty ones left out.
func membersOf(value any) (map[string]string, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &object); err != nil {
		return nil, err
	}
	members := map[string]string{}
	for name, member := range object {
		var within map[string]json.RawMessage
		if json.Unmarshal(member, &within) == nil && within != nil {
			for inner, value := range within {
				members[name+"."+inner] = string(value)
			}
			continue
		}
		members[name] = string(member)
	}
	maps.DeleteFunc(members, func(_, text string) bool { return text == "null" || text == `""` || text == "[]" })
	return members, nil
}
