package ithildin_test

import (
	"go/ast"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPagesNameTestsThatThereAre keeps the pages true that say which test shows what they state.
func TestPagesNameTestsThatThereAre(t *testing.T) {
	tests := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, declaration := range file.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && file.isTest && function.Recv == nil {
				tests[function.Name.Name] = true
			}
		}
	}
	for page, atLeast := range map[string]int{"docs/security.md": 50, "docs/checklist.md": 30} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		named := regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]+)`").FindAllStringSubmatch(string(text), -1)
		require.Greater(t, len(named), atLeast, page)
		for _, name := range named {
			require.True(t, tests[name[1]], "%s: no test has the name %s", page, name[1])
		}
	}
}
