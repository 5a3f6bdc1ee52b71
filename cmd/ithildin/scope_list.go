package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// splitScope splits the values of a flag at white space; nil, a flag that was not given, stays nil.
func splitScope(given []string) []string {
	if given == nil {
		return nil
	}
	return storage.SplitScope(strings.Join(given, " "))
}

// checkScope checks that scopes have only the characters of RFC 6749 3.3.
func checkScope(scope []string) error {
	for _, name := range scope {
		if err := registration.ValidateScope(name); err != nil {
			return &console.UsageError{Cause: err}
		}
	}
	return nil
}

// warnOfUnknownScopes prints a warning for each scope that the catalogue lacks: only roles can grant it, and the
// consent page shows its name in place of a description. The scopes are stored all the same, because the catalogue
// may be filled later.
func warnOfUnknownScopes(
	ctx context.Context, terminal console.Terminal, admin administration.Catalogue, scope []string,
) error {
	catalogue, err := admin.ListScopes(ctx)
	if err != nil {
		return err
	}
	for _, name := range scope {
		if !slices.ContainsFunc(catalogue, func(s storage.Scope) bool { return s.Name == name }) {
			fmt.Fprintf(terminal.Err, "warning: the scope %q is not in the catalogue: ithildin scope put adds it\n", name)
		}
	}
	return nil
}
