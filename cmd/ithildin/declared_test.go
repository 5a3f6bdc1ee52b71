package main_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServerAppliesItsDeclarationAgainAtSIGHUP(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "clients.json")
	write := func(content string) { require.NoError(t, os.WriteFile(file, []byte(content), 0o600)) }
	write(`{"roles": [{"name": "FIRST", "scope": ["openid"]}]}`)
	p := start(t, directory, []string{"ITHILDIN_DECLARATION_FILE=" + file}, "serve", "--dev")
	roles := func() (names []string) {
		_, content, _ := readAll(t, http.DefaultClient, p.admin+"/api/v1/roles")
		var list struct{ Items []struct{ Name string } }
		require.NoError(t, json.Unmarshal([]byte(content), &list), content)
		for _, role := range list.Items {
			names = append(names, role.Name)
		}
		return names
	}
	require.Contains(t, roles(), "FIRST")
	write(`{"roles": [{"name": "SECOND", "scope": ["no-such-scope"]}]}`)
	p.sighup("the previous value stays in use")
	require.NotContains(t, roles(), "SECOND")
	write(`{"roles": [{"name": "SECOND", "scope": ["openid"]}]}`)
	p.sighup("the declaration was applied")
	require.Subset(t, roles(), []string{"FIRST", "SECOND"})
}
