package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// MaximumResource bounds the identifier of a resource, in bytes.
const MaximumResource = 512

// Resource is an API that access tokens may be for (RFC 8707).
type Resource struct {
	// Identifier is an absolute URI without a fragment: the aud of its access tokens.
	Identifier     string
	TitleUkrainian string // what people are shown
	TitleEnglish   string
	// Scope are the scopes that the resource knows: a token for it has no other. Empty: any.
	Scope []string
	// IsOpen lets every client ask for the resource. Otherwise those may that have it among their Metadata.Audience.
	IsOpen bool
	// ClientID is the client as which the resource itself asks about the tokens that it was sent, "" for none.
	ClientID string
	// AccessTokenFormat is AccessTokenJWT or AccessTokenOpaque; "": as the client's policy says.
	AccessTokenFormat string
	// AccessLifetime is the longest life of its access tokens; 0: as the client's policy says.
	AccessLifetime time.Duration
}

// Validate says what is wrong with a resource beside its titles.
func (r Resource) Validate() error {
	problems := []error{ValidateResourceURI(r.Identifier)}
	switch r.AccessTokenFormat {
	case "", AccessTokenJWT, AccessTokenOpaque:
	default:
		problems = append(problems, fmt.Errorf("access_token_format is %q: want %s, %s or none", r.AccessTokenFormat,
			AccessTokenJWT, AccessTokenOpaque))
	}
	if r.AccessLifetime < 0 || r.AccessLifetime > MaximumAccessLifetime {
		problems = append(problems, fmt.Errorf("access_lifetime is %d: want 0 to %d seconds",
			r.AccessLifetime/time.Second, MaximumAccessLifetime/time.Second))
	}
	return errors.Join(problems...)
}

// ValidateResourceURI says what keeps a text from being the identifier of a resource: an absolute URI without a
// fragment (RFC 8707 2), in the characters of RFC 3986.
func ValidateResourceURI(identifier string) error {
	parsed, err := url.Parse(identifier)
	switch {
	case len(identifier) > MaximumResource:
		return fmt.Errorf("the identifier has %d bytes: want %d at most", len(identifier), MaximumResource)
	case err != nil || !parsed.IsAbs() || parsed.Host == "" && parsed.Opaque == "" ||
		strings.ContainsFunc(identifier, isNotOfURI):
		return fmt.Errorf("the identifier is %.100q: want an absolute URI without a fragment", identifier)
	}
	return nil
}

func isNotOfURI(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("#\"\\<>^`{|}", c) }

type resourceRow struct {
	Identifier        string         `db:"identifier"`
	TitleUkrainian    string         `db:"title_uk"`
	TitleEnglish      string         `db:"title_en"`
	Scope             string         `db:"scope"`
	IsOpen            bool           `db:"is_open"`
	ClientID          sql.NullString `db:"client_id"`
	AccessTokenFormat string         `db:"access_token_format"`
	AccessLifetime    int64          `db:"access_lifetime"` // seconds
}

// ListResources reads the resources in the order of their identifiers.
func (s *resourceStore) ListResources(ctx context.Context) ([]Resource, error) {
	var rows []resourceRow
	err := s.selectAll(ctx, &rows, `
SELECT identifier, title_uk, title_en, scope, is_open, client_id, access_token_format, access_lifetime
FROM resources ORDER BY identifier`)
	if err != nil {
		return nil, err
	}
	resources := make([]Resource, len(rows))
	for i, r := range rows {
		resources[i] = Resource{
			Identifier: r.Identifier, TitleUkrainian: r.TitleUkrainian, TitleEnglish: r.TitleEnglish,
			Scope: SplitScope(r.Scope), IsOpen: r.IsOpen, ClientID: r.ClientID.String,
			AccessTokenFormat: r.AccessTokenFormat, AccessLifetime: time.Duration(r.AccessLifetime) * time.Second,
		}
	}
	return resources, nil
}

// PutResource stores a resource, over one of the same identifier. ErrNotFound: there is no client of its ClientID.
func (s *resourceStore) PutResource(ctx context.Context, r Resource) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("storage: resource: %w", err)
	}
	var clientID any
	if r.ClientID != "" {
		id, err := clientKey(r.ClientID)
		if err != nil {
			return err
		}
		clientID = id
	}
	ctx = changing(ctx, EventResourcePut, resourceSubject, r.Identifier)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO resources (identifier, title_uk, title_en, scope, is_open, client_id, access_token_format, access_lifetime)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (identifier) DO UPDATE SET title_uk = excluded.title_uk, title_en = excluded.title_en,
       scope = excluded.scope, is_open = excluded.is_open, client_id = excluded.client_id,
       access_token_format = excluded.access_token_format, access_lifetime = excluded.access_lifetime`,
			r.Identifier, r.TitleUkrainian, r.TitleEnglish, strings.Join(r.Scope, " "), r.IsOpen, clientID,
			r.AccessTokenFormat, int64(r.AccessLifetime/time.Second))
	}))
}

// DeleteResource removes a resource. Clients that have it among their Metadata.Audience may still ask for it.
// ErrNotFound: there is none.
func (s *resourceStore) DeleteResource(ctx context.Context, identifier string) error {
	ctx = changing(ctx, EventResourceDeleted, resourceSubject, identifier)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM resources WHERE identifier = $1`, identifier)
	})
}
