package server

import (
	"context"
	"errors"
	"fmt"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// issuerMark is the setting by which a database says which issuer it belongs to.
const issuerMark = "issuer"

// checkIssuer stores the issuer of the first server in the database and refuses another one: two issuers with the
// same keys would accept each other's tokens. With --new-issuer the stored issuer is replaced; a development server
// replaces it whenever its address has changed.
func checkIssuer(ctx context.Context, s *config.Settings, store *storage.Store) error {
	issuer := s.Issuer.String()
	known, err := store.Setting(ctx, issuerMark)
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return err
	case known == issuer:
		return nil
	case !s.Dev && !s.NewIssuer:
		return console.WithHint("ITHILDIN_ISSUER or ITHILDIN_DATABASE_URL is another server's; "+
			"ithildin serve --new-issuer moves the "+
			"database to this issuer, and clients must then be told of it",
			fmt.Errorf("this database belongs to the issuer %s, and this server is %s", known, issuer))
	}
	return store.PutSetting(ctx, issuerMark, issuer)
}
