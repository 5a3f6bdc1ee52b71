package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

// serverScripts are the scripts of verbs that work through a server too.
var serverScripts = []string{
	"apply", "audit", "client", "client-type", "client-update", "confirm", "connection", "names", "registration", "role",
	"scope", "user",
}

// scriptsOnEveryEngine are those of them that run on each engine. The others differ in nothing that a database sees:
// what the operations do is tested in adapters/admin, on each.
var scriptsOnEveryEngine = []string{"client", "user"}

const laptopToken = "the-token-of-an-operators-laptop"

// TestVerbsThroughAServerByTheirScripts runs the same scripts against a running server, which has another database than
// the directory of the script: what a verb does there would not be seen.
func TestVerbsThroughAServerByTheirScripts(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		engine.Require(t) // here, since a script can't leave its test out
		p := scriptParams(t, true)
		p.Setup = func(e *testscript.Env) error {
			if err := setAddresses(e); err != nil {
				return err
			}
			return serveForScript(t, engine, e)
		}
		p.Files = []string{"testdata/server/server.txtar"}
		scripts := scriptsOnEveryEngine
		if engine.Name == storagetest.Engines()[0].Name {
			scripts = serverScripts
		}
		for _, name := range scripts {
			p.Files = append(p.Files, filepath.Join("testdata/script", name+".txtar"))
		}
		testscript.Run(t, p)
	})
}

// serveForScript runs a server until the script ends, and tells the script of it.
func serveForScript(t *testing.T, engine storagetest.Engine, e *testscript.Env) error {
	environment := append(os.Environ(),
		"ITHILDIN_DATABASE_URL="+engine.Create(t), "ITHILDIN_LISTEN="+e.Getenv("ITHILDIN_LISTEN"),
		"ITHILDIN_ADMIN_LISTEN="+e.Getenv("ITHILDIN_ADMIN_LISTEN"), "ITHILDIN_ISSUER="+e.Getenv("ISSUER"),
		"ITHILDIN_SECRET=0123456789abcdef0123456789abcdef", "ITHILDIN_ADMIN_TOKEN=laptop:"+laptopToken)
	server := exec.Command("ithildin", "serve")
	server.Env = environment
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		return err
	}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		return err
	}
	running, ended := context.WithCancel(context.Background())
	go func() {
		_ = server.Wait() // it is killed, or the check below fails
		ended()
	}()
	e.Defer(func() {
		_ = server.Process.Kill()
		<-running.Done()
		require.NoError(t, log.Close())
	})
	ready := exec.CommandContext(running, "ithildin", "healthcheck", "--wait", "2m")
	ready.Env = environment
	if out, err := ready.CombinedOutput(); err != nil {
		written, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w: %s%s", err, out, written)
	}
	token := filepath.Join(e.Cd, "laptop.token")
	e.Setenv("ITHILDIN_SERVER", e.Getenv("ADMIN"))
	e.Setenv("ITHILDIN_SERVER_TOKEN_FILE", token)
	return os.WriteFile(token, []byte(laptopToken), 0o600)
}
