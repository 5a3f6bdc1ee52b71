package requirement_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// recorder is a test that notes how it was ended.
type recorder struct {
	testing.TB
	ended, terms string
}

func (*recorder) Helper() {}

func (r *recorder) Skip(arguments ...any) { r.end("skipped", fmt.Sprint(arguments...)) }

func (r *recorder) Fatalf(format string, arguments ...any) {
	r.end("failed", fmt.Sprintf(format, arguments...))
}

func (r *recorder) end(how, terms string) {
	r.ended, r.terms = how, terms
	runtime.Goexit()
}

// ended runs a test to its end.
func ended(t *testing.T, test func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return r
}

func TestMissingRequirementSkipsATestUnlessEverythingIsRequired(t *testing.T) {
	for name, needs := range map[string]func(testing.TB){
		"nginx, since ITHILDIN_TEST_NGINX is not set": func(t testing.TB) { requirement.Nginx.Get(t) },
		"no-such-program, since PATH has none":        func(t testing.TB) { requirement.Program(t, "no-such-program") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ITHILDIN_TEST_NGINX", "")
			t.Setenv("ITHILDIN_TEST_REQUIRE_ALL", "")
			r := ended(t, needs)
			require.Equal(t, "skipped", r.ended)
			require.Equal(t, "left out: "+name, r.terms)
			require.False(t, requirement.Nginx.Met())

			t.Setenv("ITHILDIN_TEST_REQUIRE_ALL", "1")
			r = ended(t, needs)
			require.Equal(t, "failed", r.ended)
			require.Contains(t, r.terms, name)
			require.True(t, requirement.Nginx.Met())
		})
	}
}

func TestPresentRequirementIsReturned(t *testing.T) {
	t.Setenv("ITHILDIN_TEST_NGINX", "/usr/sbin/nginx")
	require.Equal(t, "/usr/sbin/nginx", requirement.Nginx.Get(t))
	require.True(t, requirement.Nginx.Met())
	require.NotEmpty(t, requirement.Program(t, "go"))
}
