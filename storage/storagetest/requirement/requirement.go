// Package requirement gives tests the programs and servers that they need beside Go, as the environment names them.
//
// Where one is not named, the test is left out: it is skipped, with a line that begins with "left out:". So `go test
// ./...` passes on a machine that has only Go. Where ITHILDIN_TEST_REQUIRE_ALL is set, as `make test` and .ci/run do,
// the test fails instead. No other package may skip a test (architecture_test.go).
package requirement

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

const (
	// requireAll is the variable under which whatever is missing fails the test.
	requireAll = "ITHILDIN_TEST_REQUIRE_ALL"
	// without is the variable that names a Requirement's variable whose value cannot be had here, which
	// .ci/with-test-services has reported. A test that needs it is left out even under requireAll.
	without = "ITHILDIN_TEST_WITHOUT"
)

// Requirement is a program or a server that a variable of the environment names.
type Requirement struct {
	variable string
	what     string
}

// What tests need. .ci/with-test-services says what the variables hold.
var (
	PostgreSQL = Requirement{"ITHILDIN_TEST_POSTGRES_URL", "PostgreSQL"}
	// PostgreSQLPrograms is a folder.
	PostgreSQLPrograms = Requirement{"ITHILDIN_TEST_POSTGRES_PROGRAMS", "the programs of PostgreSQL"}

	Chromium      = Requirement{"ITHILDIN_TEST_CHROMIUM", "a browser"}
	Nginx         = Requirement{"ITHILDIN_TEST_NGINX", "nginx"}
	HAProxy       = Requirement{"ITHILDIN_TEST_HAPROXY", "HAProxy"}
	Caddy         = Requirement{"ITHILDIN_TEST_CADDY", "Caddy"}
	Envoy         = Requirement{"ITHILDIN_TEST_ENVOY", "Envoy"}
	Traefik       = Requirement{"ITHILDIN_TEST_TRAEFIK", "Traefik"}
	Apache        = Requirement{"ITHILDIN_TEST_APACHE", "Apache"}
	ApacheModules = Requirement{"ITHILDIN_TEST_APACHE_MODULES", "Apache's mod_auth_openidc"}
	OpenIDClient  = Requirement{"ITHILDIN_TEST_OPENID_CLIENT", "openid-client for Node"}
	AxeCore       = Requirement{"ITHILDIN_TEST_AXE_CORE", "axe-core"}
	Schemathesis  = Requirement{"ITHILDIN_TEST_SCHEMATHESIS", "schemathesis"}
	PyJWT         = Requirement{"ITHILDIN_TEST_PYJWT", "a Python with PyJWT"}
	Prometheus    = Requirement{"ITHILDIN_TEST_PROMETHEUS", "Prometheus"}
	Promtool      = Requirement{"ITHILDIN_TEST_PROMTOOL", "Prometheus's promtool"}
	Generator     = Requirement{"ITHILDIN_TEST_OAPI_CODEGEN", "oapi-codegen"}
	PgBouncer     = Requirement{"ITHILDIN_TEST_PGBOUNCER", "PgBouncer"}
	Patroni       = Requirement{"ITHILDIN_TEST_PATRONI", "Patroni"}
	Etcd          = Requirement{"ITHILDIN_TEST_ETCD", "etcd"}
	Previous      = Requirement{"ITHILDIN_TEST_PREVIOUS", "the program of the release before"}
	SpringJar     = Requirement{"ITHILDIN_TEST_SPRING_JAR", "the Spring application"}
	NimbusJar     = Requirement{"ITHILDIN_TEST_NIMBUS_JAR", "the applications on Nimbus"}
)

// Value returns the value of the variable, empty where it has none.
func (r Requirement) Value() string { return os.Getenv(r.variable) }

// Get returns the value of the variable. Without one the test ends here: skipped, or failed where everything is
// required.
func (r Requirement) Get(t testing.TB) string {
	t.Helper()
	value := r.Value()
	if value == "" && os.Getenv(without) == r.variable {
		t.Skipf("left out: it needs %s, which cannot be had here", r.what)
	}
	if value == "" {
		leaveOut(t, fmt.Sprintf("%s, since %s is not set", r.what, r.variable))
	}
	return value
}

// Met reports whether a test may go on: whether the variable has a value, or Get would fail the test. It is for test
// scripts, which skip by themselves.
func (r Requirement) Met() bool {
	return r.Value() != "" || os.Getenv(requireAll) != ""
}

// Program returns the path of a program. Where PATH has none the test ends as in Get.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		leaveOut(t, fmt.Sprintf("%s, since PATH has none", name))
	}
	return path
}

func leaveOut(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(requireAll) != "" {
		t.Fatalf("%s; %s is set, so nothing may be left out: run `make test`, which brings everything", what, requireAll)
	}
	t.Skip("left out: " + what)
}
