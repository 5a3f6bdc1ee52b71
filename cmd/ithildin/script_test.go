package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// Main is what the scripts call ithildin; TestMain is outside of this package.
var Main = main

// TestVerbsByTheirScripts runs testdata/script, which reads like a manual. Each script has a directory of its own,
// two free addresses, the words http, field and postgresql and the conditions postgresql and server, besides those of
// testscript.
func TestVerbsByTheirScripts(t *testing.T) {
	p := scriptParams(t, false)
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// scriptParams are how scripts run; the condition server says whether their verbs work through a server.
func scriptParams(t *testing.T, isServer bool) testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true, RequireUniqueNames: true, Setup: setAddresses,
		Condition: func(name string) (bool, error) {
			switch name {
			case "postgresql":
				return requirement.PostgreSQL.Met(), nil
			case "server":
				return isServer, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"http": scriptHTTP, "field": scriptField,
			"postgresql": func(script *testscript.TestScript, _ bool, _ []string) {
				script.Setenv("ITHILDIN_DATABASE_URL", emptyPostgreSQL(t))
			},
		},
	}
}

func setAddresses(e *testscript.Env) error {
	public, admin, err := freeAddresses()
	e.Setenv("ITHILDIN_LISTEN", public)
	e.Setenv("ITHILDIN_ADMIN_LISTEN", admin)
	e.Setenv("ISSUER", "http://"+public)
	e.Setenv("ADMIN", "http://"+admin)
	return err
}

// freeAddresses are two that nobody listens on.
func freeAddresses() (first, second string, err error) {
	one, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer one.Close()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer other.Close()
	return one.Addr().String(), other.Addr().String(), nil
}

// emptyPostgreSQL makes a database without a schema, for the time of the test.
func emptyPostgreSQL(t *testing.T) string {
	server := requirement.PostgreSQL.Get(t)
	admin, err := sql.Open("postgres", server)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admin.Close()) })
	name := "ithildin_script_" + strings.ToLower(rand.Text())
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	u, err := url.Parse(server)
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

// scriptHTTP is `http STATUS URL [HEADER…]`: it asks, demands a status, and leaves header and body for stdout.
func scriptHTTP(script *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 2 {
		script.Fatalf("usage: http STATUS URL [HEADER...]")
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, arguments[1], nil)
	script.Check(err)
	for _, header := range arguments[2:] {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	script.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	script.Check(err)
	script.Check(response.Header.Write(script.Stdout()))
	fmt.Fprintf(script.Stdout(), "\n%s", body)
	if fmt.Sprint(response.StatusCode) != arguments[0] {
		script.Fatalf("%s answered %s: %s", arguments[1], response.Status, body)
	}
}

// scriptField is `field NAME FILE`: it writes a field of the JSON object that the last command printed to a file, and
// sets the environment variable of that name.
func scriptField(script *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) != 2 {
		script.Fatalf("usage: field NAME FILE")
	}
	object := map[string]any{}
	script.Check(json.Unmarshal([]byte(script.ReadFile("stdout")), &object))
	value, ok := object[arguments[0]].(string)
	if !ok {
		script.Fatalf("there is no text %q in the last answer", arguments[0])
	}
	script.Check(os.WriteFile(script.MkAbs(arguments[1]), []byte(value), 0o600))
	script.Setenv(arguments[0], value)
}
