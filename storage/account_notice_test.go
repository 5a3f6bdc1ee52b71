package storage_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// changesAccount finds the statements that change what opens an account.
var changesAccount = regexp.MustCompile(
	`(?s)UPDATE users SET.*\b(email|password)\s*=|(UPDATE|DELETE FROM) authentication_factors|` +
		`(INSERT INTO|DELETE FROM) passkeys|INSERT INTO authenticators`)

// Whoever writes another statement that changes the password, the address or the second factor of an account tells its
// owner in the same function, or says here why not.
func TestEveryStatementThatChangesWhatOpensAnAccountIsTold(t *testing.T) {
	untold := map[string]string{"UpgradePassword": "it is the same password under a better hash"}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	changing := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, declaration := range syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			changes, tells := inspectChanges(function)
			if changes && untold[function.Name.Name] == "" {
				changing++
				require.True(t, tells, "%s: %s does not call noteChange", file, function.Name.Name)
			}
		}
	}
	require.GreaterOrEqual(t, changing, 4, "the statements that are known are found")
}

// inspectChanges says whether a function has such a statement, and whether it has the owner told.
func inspectChanges(function *ast.FuncDecl) (changes, tells bool) {
	for node := range ast.Preorder(function) {
		switch n := node.(type) {
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			changes = changes || n.Kind == token.STRING && err == nil && changesAccount.MatchString(text)
		case *ast.SelectorExpr:
			tells = tells || n.Sel.Name == "noteChange" || n.Sel.Name == "noteFactorChange"
		}
	}
	return changes, tells
}
