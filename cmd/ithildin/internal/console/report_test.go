package console

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestErrorsHaveAHintIfThereIsARemedy(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		want string
	}{
		"plain": {errors.New("broken"), ExitFailure, "ithildin: broken\n"},
		"with a hint": {fmt.Errorf("serve: %w", WithHint("mend it", errors.New("broken"))), ExitFailure,
			"ithildin: serve: broken\nhint: mend it\n"},
		"no database": {fmt.Errorf("list: %w", storage.ErrUnavailable), ExitFailure,
			"ithildin: list: storage: database unavailable\n" +
				"hint: is the database running, and is ITHILDIN_DATABASE_URL right?\n"},
		"wrong usage": {&UsageError{Cause: errors.New("no"), Hint: "ithildin --help"}, ExitUsage,
			"ithildin: no\nhint: ithildin --help\n"},
		"nothing less": {nil, ExitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.Equal(t, c.code, Report(&out, c.err))
			require.Equal(t, c.want, out.String())
		})
	}
}
