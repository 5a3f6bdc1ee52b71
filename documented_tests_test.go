package ithildin_test

import (
	"go/ast"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThreatModelNamesTestsThatThereAre keeps docs/security.md true: it says of each attack which test tries it.
func TestThreatModelNamesTestsThatThereAre(t *testing.T) {
	page, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`(TestAttack[A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1)
	require.Greater(t, len(named), 50)
	tests := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, declaration := range file.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && file.isTest && function.Recv == nil {
				tests[function.Name.Name] = true
			}
		}
	}
	for _, name := range named {
		require.True(t, tests[name[1]], "no test has the name %s", name[1])
	}
}
