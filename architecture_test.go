// Package ithildin_test holds the repository to its own shape: who may import whom, how long files and functions may
// grow, and which calls belong in one place only.
package ithildin_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

const (
	module          = "ithildin"
	commandLine     = "cmd/ithildin"
	insideOf        = commandLine + "/internal/"
	requirements    = "storage/storagetest/requirement"
	longestFile     = 500
	longestFunction = 80
	longestLine     = 120
)

// mayImport names the packages of ours that each package may import; the command line may import every one, and a
// package without a row none.
var mayImport = map[string][]string{
	"storage":             {"storage/seal"},
	"storage/storagetest": {"storage", "storage/seal", "migrations", requirements},
	"provider/identity":   {"storage", "provider/inbound", "provider/outbound"},
	"provider/login": {
		"storage", "provider/inbound", "provider/identity", "provider/mail", "provider/invitation",
	},
	"jwks/jwkstest":       {"jwks"},
	"provider/invitation": {"storage", "provider/outbound", "provider/mail"},
	"provider/mail":       {"storage"},
	"provider/operator":   {"storage", "provider/inbound"},
	"provider/oauth":      {"storage", "provider/inbound"},
	"provider/redirect":   {"storage"},
	"provider/clientauth": {"storage", "storage/seal", "provider/inbound", "provider/oauth", "provider/outbound"},
	"provider/dpop":       {"provider/clientauth", "provider/inbound"},
	"provider/details":    {"storage", "provider/registration"},
	"provider/registration": {
		"storage", "jwks", "provider/inbound", "provider/oauth", "provider/outbound", "provider/redirect",
		"provider/clientauth",
	},
	"provider": {
		"storage", "storage/seal", "jwks", "provider/identity", "provider/login", "provider/inbound", "provider/outbound",
		"provider/oauth", "provider/redirect", "provider/clientauth", "provider/registration", "provider/mail",
		"provider/invitation", "provider/dpop", "provider/details",
	},
	"adapters/ehealth": {"provider", "provider/identity", "provider/inbound", "provider/oauth", "provider/redirect",
		"provider/outbound", "provider/clientauth", "provider/dpop", "provider/registration", "storage"},
	"adapters/admin": {"jwks", "provider", "provider/dpop", "provider/identity", "provider/inbound", "provider/invitation",
		"provider/login", "provider/mail", "provider/oauth", "provider/redirect", "provider/clientauth",
		"provider/operator", "provider/registration", "provider/details", "storage"},
	"adapters/gateway": {"provider", "provider/inbound", "provider/oauth", "provider/clientauth", "provider/dpop",
		"provider/outbound", "storage"},
	"adapters/console": {"provider", "provider/identity", "provider/inbound", "provider/invitation", "provider/login",
		"provider/mail", "provider/oauth", "provider/operator", "provider/clientauth", "provider/redirect",
		"provider/registration", "jwks", "storage"},
	"adapters/mithril": {"provider", "provider/redirect", "storage"},

	// Of what is outside of the command line they may import every package, as the verbs may.
	insideOf + "config":         {insideOf + "console"},
	insideOf + "database":       {insideOf + "console", insideOf + "config"},
	insideOf + "demo":           {insideOf + "config"},
	insideOf + "administration": {insideOf + "console", insideOf + "config", insideOf + "database"},
	insideOf + "telemetry":      {insideOf + "config"},
	insideOf + "declaration":    {insideOf + "console", insideOf + "administration"},
	insideOf + "server": {insideOf + "console", insideOf + "config", insideOf + "database", insideOf + "demo",
		insideOf + "administration", insideOf + "declaration", insideOf + "telemetry"},
}

// testsMayImport is what tests may import besides, to build the real thing; migrations and jwks stand alone even there.
var testsMayImport = []string{
	"migrations", "jwks", "storage", "storage/seal", "storage/storagetest", "provider/mail/mailtest",
	"provider/login", "provider/login/dstutest", "jwks/jwkstest", "provider/identity/passkeytest",
	"provider/dpop/dpoptest",
}

func TestPackagesImportOnlyWhatTheirPlaceAllows(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, imported := range file.imports {
			ours, ok := strings.CutPrefix(imported, module+"/")
			if ok && !allowed(file, ours) {
				t.Errorf("%s imports %s", file.path, imported)
			}
		}
	}
}

func allowed(file goFile, imported string) bool {
	switch {
	case file.folder == commandLine, file.folder == imported:
		return true
	case strings.HasPrefix(file.folder, insideOf) && !strings.HasPrefix(imported, commandLine):
		return true
	case slices.Contains(mayImport[file.folder], imported):
		return true
	case imported == requirements:
		return file.isTest
	default:
		standsAlone := file.folder == "migrations" || file.folder == "jwks"
		return file.isTest && !standsAlone && slices.Contains(testsMayImport, imported)
	}
}

func TestFositeIsImportedOnlyInProvider(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.folder != "provider" {
			require.Empty(t, file.importsBelow("github.com/ory/fosite"), file.path)
		}
	}
}

func TestOldGoJoseIsImportedInOneFileAtMost(t *testing.T) {
	var met []string
	for _, file := range goFiles(t) {
		if len(file.importsBelow("github.com/go-jose/go-jose/v3")) > 0 {
			met = append(met, file.path)
		}
	}
	require.LessOrEqual(t, len(met), 1, met)
}

func TestFilesAndFunctionsStayShort(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.isTest || ast.IsGenerated(file.syntax) {
			continue
		}
		if lines := file.lineOf(file.syntax.FileEnd - 1); lines > longestFile {
			t.Errorf("%s has %d lines, over %d", file.path, lines, longestFile)
		}
		for _, declaration := range file.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := file.lineOf(function.End()) - file.lineOf(function.Pos()) + 1; lines > longestFunction {
				t.Errorf("%s: %s has %d lines, over %d", file.path, function.Name.Name, lines, longestFunction)
			}
		}
	}
}

// A tab counts as one column. The tag of a field may be longer, since it cannot go on in another line.
func TestLinesStayNarrow(t *testing.T) {
	for _, file := range goFiles(t) {
		if ast.IsGenerated(file.syntax) {
			continue
		}
		tagged := map[int]bool{}
		for node := range ast.Preorder(file.syntax) {
			if field, ok := node.(*ast.Field); ok && field.Tag != nil {
				tagged[file.lineOf(field.Tag.Pos())] = true
			}
		}
		number := 0
		for line := range strings.Lines(string(read(t, file.path))) {
			number++
			if columns := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); columns > longestLine && !tagged[number] {
				t.Errorf("%s:%d has %d columns, over %d", file.path, number, columns, longestLine)
			}
		}
	}
}

// mostMethods is how many methods a receiver may have; beyond that a type does several things, and each of them has
// fields of its own.
const mostMethods = 40

func TestNoReceiverHasTooManyMethods(t *testing.T) {
	methods := map[string]int{}
	for _, file := range goFiles(t) {
		if file.isTest {
			continue
		}
		for _, declaration := range file.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv != nil {
				methods[file.folder+"."+receiverOf(function)]++
			}
		}
	}
	for receiver, count := range methods {
		if count > mostMethods {
			t.Errorf("%s has %d methods, over %d", receiver, count, mostMethods)
		}
	}
}

// receiverOf is the name of the type that a method belongs to.
func receiverOf(method *ast.FuncDecl) string {
	expression := method.Recv.List[0].Type
	if pointer, ok := expression.(*ast.StarExpr); ok {
		expression = pointer.X
	}
	if generic, ok := expression.(*ast.IndexExpr); ok {
		expression = generic.X
	}
	name, _ := expression.(*ast.Ident)
	return name.Name
}

// A database call without a context outlives the request that asked for it.
func TestDatabaseCallsTakeAContext(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.isTest || len(file.importsBelow("database/sql"))+len(file.importsBelow("github.com/jmoiron/sqlx")) == 0 {
			continue
		}
		for call, selector := range file.methodCalls() {
			if callsDatabaseWithoutContext(selector.Sel.Name, call.Args) {
				t.Errorf("%s:%d: %s takes no context", file.path, file.lineOf(call.Pos()), selector.Sel.Name)
			}
		}
	}
}

// callsDatabaseWithoutContext goes by names, for it knows no types: url.URL's Query has no argument, http.Header's Get
// no pointer, and a method of ours that shares a name has its context first.
func callsDatabaseWithoutContext(method string, arguments []ast.Expr) bool {
	switch method {
	case "Begin", "Beginx", "MustBegin":
		return len(arguments) == 0
	case "Exec", "MustExec", "NamedExec", "Query", "QueryRow", "Queryx", "QueryRowx", "NamedQuery", "Prepare", "Preparex":
		if len(arguments) == 0 {
			return false
		}
		first, ok := arguments[0].(*ast.Ident)
		return !ok || first.Name != "ctx"
	case "Get", "Select":
		if len(arguments) == 0 {
			return false
		}
		first, ok := arguments[0].(*ast.UnaryExpr)
		return ok && first.Op == token.AND
	default:
		return false
	}
}

func TestOnlyTheConfigurationReadsTheEnvironmentAndFlags(t *testing.T) {
	for _, file := range goFiles(t) {
		// The contract suite and what tests require are tests in all but their file names.
		if file.isTest || file.folder == insideOf+"config" || file.folder == "storage/storagetest" ||
			file.folder == requirements {
			continue
		}
		require.Empty(t, file.importsBelow("flag"), file.path)
		for call, selector := range file.methodCalls() {
			receiver, ok := selector.X.(*ast.Ident)
			if ok && receiver.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ"}, selector.Sel.Name) {
				t.Errorf("%s:%d reads the environment", file.path, file.lineOf(call.Pos()))
			}
		}
	}
}

// A cheap hash is worth nothing once the table of users is stolen.
func TestOnlyTestsMakeCheapHashes(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.isTest || file.folder == "provider/identity" {
			continue
		}
		for node := range ast.Preorder(file.syntax) {
			if name, ok := node.(*ast.Ident); ok && name.Name == "CheapForTests" {
				t.Errorf("%s:%d makes cheap hashes", file.path, file.lineOf(name.Pos()))
			}
		}
	}
}

// A test that skips by itself passes without anybody seeing it; package requirement says what was left out, and fails
// where everything is required.
func TestOnlyRequirementsSkipTests(t *testing.T) {
	for _, file := range goFiles(t) {
		if file.folder == requirements {
			continue
		}
		for call, selector := range file.methodCalls() {
			if slices.Contains([]string{"Skip", "Skipf", "SkipNow", "Short"}, selector.Sel.Name) {
				t.Errorf("%s:%d calls %s", file.path, file.lineOf(call.Pos()), selector.Sel.Name)
			}
		}
	}
}

func TestTheRepositoryNeedsNothingBesideItself(t *testing.T) {
	outside := []string{"../" + "shared", "/" + "work/"}
	for _, name := range files(t) {
		content := read(t, name)
		for _, terms := range outside {
			if bytes.Contains(content, []byte(terms)) {
				t.Errorf("%s holds %q", name, terms)
			}
		}
	}
}

type goFile struct {
	path    string
	folder  string
	isTest  bool
	imports []string
	syntax  *ast.File
	set     *token.FileSet
}

// goFiles parses every Go file of the repository.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var parsed []goFile
	set := token.NewFileSet()
	for _, name := range files(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		syntax, err := parser.ParseFile(set, name, read(t, name), parser.ParseComments)
		require.NoError(t, err)
		file := goFile{path: name, folder: path.Dir(name), isTest: strings.HasSuffix(name, "_test.go"), syntax: syntax,
			set: set}
		for _, specification := range syntax.Imports {
			imported, err := strconv.Unquote(specification.Path.Value)
			require.NoError(t, err)
			file.imports = append(file.imports, imported)
		}
		parsed = append(parsed, file)
	}
	return parsed
}

// importsBelow returns what the file imports of a module or a package and the packages below it.
func (f goFile) importsBelow(root string) []string {
	var below []string
	for _, imported := range f.imports {
		if imported == root || strings.HasPrefix(imported, root+"/") {
			below = append(below, imported)
		}
	}
	return below
}

// methodCalls yields each call of the form x.Name(…).
func (f goFile) methodCalls() func(yield func(*ast.CallExpr, *ast.SelectorExpr) bool) {
	return func(yield func(*ast.CallExpr, *ast.SelectorExpr) bool) {
		for node := range ast.Preorder(f.syntax) {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				continue
			}
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok && !yield(call, selector) {
				return
			}
		}
	}
}

func (f goFile) lineOf(position token.Pos) int {
	return f.set.Position(position).Line
}

// files lists what git has or would take, so that what it ignores is nobody's business here either.
func files(t *testing.T) []string {
	t.Helper()
	listed, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	require.NoError(t, err, "git must know this checkout")
	var present []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		information, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, but not yet from the index
		}
		require.NoError(t, err)
		if information.Mode().IsRegular() {
			present = append(present, name)
		}
	}
	return present
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return content
}
