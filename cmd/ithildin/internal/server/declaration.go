package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/declaration"
	"ithildin/storage"
)

// declarationAttempts bounds how often a declaration is compared again because another server was faster.
const declarationAttempts = 5

// applyDeclaration makes scopes, client types, roles and clients those of the declaration file. It deletes nothing, and
// makes no secrets: nobody is there to see them. Of several servers that start at once one makes each change; the
// others then find it made.
func applyDeclaration(ctx context.Context, s *config.Settings, store *storage.Store, logger *slog.Logger) error {
	declared, err := declaration.Read(s.Declaration, strings.NewReader(""))
	if err != nil {
		return fmt.Errorf("ITHILDIN_DECLARATION_FILE: %w", err)
	}
	ctx = storage.ActingAs(ctx, storage.Actor{
		By: storage.ByCommandLine, Operator: config.OperatingSystemUser(), Command: "serve",
	})
	admin := administration.NewLocal(store)
	var plan *declaration.Plan
	for range declarationAttempts {
		plan, err = declaration.Compare(ctx, admin, declared, declaration.Options{
			NoNewSecrets: true, Secrets: administration.Secret{Legacy: config.LegacySecretsOf(s.Legacy.SecretsHashed)},
		})
		if err == nil && !plan.IsEmpty() {
			_, err = plan.Apply(ctx, admin)
		}
		if !errors.Is(err, storage.ErrConflict) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("ITHILDIN_DECLARATION_FILE: %s: %w", s.Declaration, err)
	}
	if !plan.IsEmpty() {
		logger.Info("the declaration was applied", "path", s.Declaration, "changes", plan.Summary())
	}
	return nil
}

// reloadDeclaration applies the file, if there is one, again after a SIGHUP.
func reloadDeclaration(
	ctx context.Context, s *config.Settings, store *storage.Store, logger *slog.Logger,
) []reloadable {
	if s.Declaration == "" {
		return nil
	}
	return []reloadable{{what: "the declaration", reload: func() error {
		return applyDeclaration(ctx, s, store, logger)
	}}}
}
