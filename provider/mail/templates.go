package mail

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
	"text/template/parse"
	"time"
)

// largestTemplate bounds a file of an operator's letter, in bytes.
const largestTemplate = 64 << 10

// fields are the names that the texts of a letter may use beside Service and To.
type fields []string

// lifetimeField is there where a letter has a link.
const lifetimeField = "Lifetime"

// needsLink says whether a letter is about a link.
func (f fields) needsLink() bool { return slices.Contains(f, lifetimeField) }

var fieldsOf = map[Purpose]fields{
	PasswordReset:     {lifetimeField},
	PasswordChanged:   {"At"},
	PhoneChanged:      {"At", "Phone"},
	FactorAdded:       {"At", "Factor"},
	FactorRemoved:     {"At", "Factor"},
	RecoveryCodesMade: {"At"},
	RecoveryCodeUsed:  {"At"},
	FactorReset:       {"At"},
	FactorDisabled:    {"At"},
	EmailConfirmation: {lifetimeField},
	EmailChanged:      {"At"},
	Invitation:        {lifetimeField, "Inviter", "Organisation", "Role"},
	AccountBlocked:    {"At"},
	PasskeyAdded:      {"At", "Factor"},
	PasskeyRemoved:    {"At", "Factor"},
	PasskeyCloned:     {"At", "Factor"},
	Test:              {},
}

// LoadLetters reads the letters of an operator from a folder; what it does not have is built in. A file is named
// PURPOSE.LANGUAGE.txt or footer.LANGUAGE.txt and defines the parts that it replaces: subject, before, button and
// after, or footer. A part is text with fields ({{.Service}}) and conditions about them ({{if .At}} … {{else}} …
// {{end}}), and nothing else of text/template. Hidden files are left out. The error names everything that is wrong.
func LoadLetters(folder fs.FS) (*Letters, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	loaded := &Letters{texts: map[string]*texttemplate.Template{}}
	for language, builtIn := range BuiltIn.texts {
		loaded.texts[language] = texttemplate.Must(builtIn.Clone())
	}
	var wrong []error
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := loaded.replace(folder, entry.Name()); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", entry.Name(), err))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return loaded, nil
}

// replace puts the parts of a file in the place of those that are built in.
func (l *Letters) replace(folder fs.FS, name string) error {
	letter, language, err := letterOfFile(name)
	if err != nil {
		return err
	}
	content, err := readBounded(folder, name)
	if err != nil {
		return err
	}
	trees, err := parse.Parse(name, content, "", "")
	if err != nil {
		return err
	}
	if text := trees[name]; text != nil && !parse.IsEmptyTree(text.Root) {
		return errors.New("there is text outside of {{define}} and {{end}}")
	}
	delete(trees, name)
	parts, allowed := []string{footer}, fields{}
	if letter != footer {
		allowed = fieldsOf[Purpose(letter)]
		parts = []string{"subject", "before", "after"}
		if allowed.needsLink() {
			parts = append(parts, "button")
		}
	}
	allowed = append(fields{"Service", "To"}, allowed...)
	for _, part := range slices.Sorted(maps.Keys(trees)) {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("it defines %q: want %s", part, strings.Join(parts, ", "))
		}
		if err := checkText(trees[part], trees[part].Root, allowed); err != nil {
			return err
		}
		text := part
		if letter != footer {
			text = letter + "." + part
		}
		builtIn := l.texts[language].Lookup(text)
		if builtIn == nil {
			return fmt.Errorf("there is no %q that is built in", text)
		}
		builtIn.Tree = trees[part] // AddParseTree would keep what is built in where this is empty
	}
	return l.try(letter, language)
}

// letterOfFile is the purpose, or "footer", and the language of a file.
func letterOfFile(name string) (letter, language string, err error) {
	parts := strings.Split(name, ".")
	if len(parts) == 3 && parts[2] == "txt" && BuiltIn.texts[parts[1]] != nil &&
		(parts[0] == footer || slices.Contains(Purposes, Purpose(parts[0]))) {
		return parts[0], parts[1], nil
	}
	var known []string
	for _, purpose := range Purposes {
		known = append(known, string(purpose))
	}
	return "", "", fmt.Errorf("there is no such letter: want NAME.uk.txt or NAME.en.txt, where NAME is %s or %s",
		strings.Join(known, ", "), footer)
}

func readBounded(folder fs.FS, name string) (string, error) {
	file, err := folder.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, largestTemplate+1))
	switch {
	case err != nil:
		return "", err
	case len(content) > largestTemplate:
		return "", fmt.Errorf("it has more than %d bytes", largestTemplate)
	}
	return string(content), nil
}

// checkText refuses everything in a text but words, fields that the letter has, and conditions about them.
func checkText(tree *parse.Tree, list *parse.ListNode, allowed fields) error {
	if list == nil {
		return nil
	}
	for _, node := range list.Nodes {
		var err error
		switch n := node.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			err = checkField(tree, n, n.Pipe, allowed)
		case *parse.IfNode:
			err = errors.Join(checkField(tree, n, n.Pipe, allowed), checkText(tree, n.List, allowed),
				checkText(tree, n.ElseList, allowed))
		default:
			err = refusedNode(tree, n, allowed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkField refuses every pipeline but one of a field.
func checkField(tree *parse.Tree, node parse.Node, pipe *parse.PipeNode, allowed fields) error {
	if len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return refusedNode(tree, node, allowed)
	}
	field, ok := pipe.Cmds[0].Args[0].(*parse.FieldNode)
	if !ok || len(field.Ident) != 1 || !slices.Contains(allowed, field.Ident[0]) {
		return refusedNode(tree, node, allowed)
	}
	return nil
}

func refusedNode(tree *parse.Tree, node parse.Node, allowed fields) error {
	location, what := tree.ErrorContext(node)
	return fmt.Errorf("%s: %s: this letter has the fields .%s, and {{if .Field}} about them", location, what,
		strings.Join(allowed, ", ."))
}

// try writes a letter with every value and with none that may be missing: no part that it needs may come out empty.
func (l *Letters) try(name, language string) error {
	if name == footer {
		return nil
	}
	now := time.Now()
	m := Mail{Purpose: Purpose(name), To: "doctor@example.com", Language: language, ExpiresAt: now.Add(time.Hour)}
	if fieldsOf[m.Purpose].needsLink() {
		m.Link = "https://id.example/login"
	}
	full := m
	full.Details = Details{At: now, Phone: "+380", Factor: "F", Inviter: "A", Organisation: "B", Role: "C"}
	for _, m := range []Mail{m, full} {
		written, err := l.fill(m, language, valuesOf(m, "S", language, now))
		switch {
		case err != nil:
			return err
		case written.Subject == "":
			return errors.New("the subject is empty")
		case len(written.Before) == 0:
			return errors.New("before is empty")
		case m.Link != "" && written.Button == "":
			return errors.New("button is empty: it is what the link is called")
		}
	}
	return nil
}
