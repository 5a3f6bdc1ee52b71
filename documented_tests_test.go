package ithildin_test

import (
	"go/ast"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// testsNamed are how many tests these pages name at least; each must exist, so that the pages stay true.
var testsNamed = map[string]int{
	"docs/security.md": 50, "docs/checklist.md": 30, "docs/proxies.md": 2, "docs/backup.md": 1, "docs/upgrading.md": 9,
	"docs/conformance.md": 50,
}

func TestPagesNameTestsThatThereAre(t *testing.T) {
	tests := map[string]bool{}
	for _, file := range goFiles(t) {
		for _, declaration := range file.syntax.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && file.isTest && function.Recv == nil {
				tests[function.Name.Name] = true
			}
		}
	}
	for name, least := range testsNamed {
		page, err := os.ReadFile(name)
		require.NoError(t, err)
		named := regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]+)`").FindAllStringSubmatch(string(page), -1)
		require.GreaterOrEqual(t, len(named), least, name)
		for _, test := range named {
			require.True(t, tests[test[1]], "%s: no test has the name %s", name, test[1])
		}
	}
}
