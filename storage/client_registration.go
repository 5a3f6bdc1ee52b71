package storage

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// ClientRegistration is what is kept of a client that registered itself (RFC 7591, RFC 7592).
type ClientRegistration struct {
	ClientID             string
	TokenHash            []byte // SHA-256 of the registration access token
	InitialAccessTokenID string // "" where the registration was open
	CreatedAt            time.Time
}

// RegisterClient stores a client that registered itself, with its connections and their secrets, and takes one
// registration from the initial access token where one is named. ErrUsed: that token has none left. ErrQuota: there are
// quota clients already that registered likewise, with such a token or without: the two have separate quotas.
// ErrConflict: the id, or a secret, is taken.
func (s *registrationStore) RegisterClient(ctx context.Context, c Client, r ClientRegistration, quota int64) error {
	defer s.Invalidate() // even after an error, as changeConfiguration does
	ctx = changing(ctx, EventClientRegistered, clientSubject, c.ID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		// First, unlike other changes: registrations wait for each other here, so that none is missed by the count below.
		if err := raiseVersion(ctx, tx); err != nil {
			return err
		}
		if r.InitialAccessTokenID != "" {
			if err := s.useInitialAccessToken(ctx, tx, r.InitialAccessTokenID); err != nil {
				return err
			}
		}
		var registered int64
		err := tx.GetContext(ctx, &registered, `
SELECT count(*) FROM client_registrations WHERE (initial_access_token_id IS NULL) = $1`, r.InitialAccessTokenID == "")
		if err != nil {
			return err
		}
		if registered >= quota {
			return ErrQuota
		}
		if err := s.clients.createClient(ctx, tx, c); err != nil {
			return err
		}
		return write(ctx, tx, `
INSERT INTO client_registrations (client_id, token_hash, initial_access_token_id, created_at) VALUES ($1, $2, $3, $4)`,
			c.ID, r.TokenHash, null(r.InitialAccessTokenID), toSeconds(r.CreatedAt))
	})
}

// FindClientRegistration reads the registration of a client. ErrNotFound: no such client, or an operator made it.
func (s *registrationStore) FindClientRegistration(ctx context.Context, clientID string) (*ClientRegistration, error) {
	clientID, err := clientKey(clientID)
	if err != nil {
		return nil, err
	}
	var row struct {
		TokenHash            []byte         `db:"token_hash"`
		InitialAccessTokenID sql.NullString `db:"initial_access_token_id"`
		CreatedAt            seconds        `db:"created_at"`
	}
	err = s.get(ctx, &row,
		`SELECT token_hash, initial_access_token_id, created_at FROM client_registrations WHERE client_id = $1`, clientID)
	if err != nil {
		return nil, err
	}
	return &ClientRegistration{
		ClientID: clientID, TokenHash: row.TokenHash, InitialAccessTokenID: row.InitialAccessTokenID.String,
		CreatedAt: row.CreatedAt.time(),
	}, nil
}

// RegistrationUpdate is what a client makes of its registration.
type RegistrationUpdate struct {
	Client     Client
	Connection Connection // the one it registered
	EndSecrets bool       // the secrets of the connection are no more use
	NewSecret  *ConnectionSecret
}

// UpdateRegistration stores what is a client's own to say: its name, scope, metadata and redirect URIs, in one
// transaction. What an operator gave it is left alone. ErrNotFound: the client or its connection is gone.
func (s *registrationStore) UpdateRegistration(ctx context.Context, u RegistrationUpdate) error {
	ctx = changing(ctx, EventClientRegistrationUpdated, clientSubject, u.Client.ID)
	return unknownReference(s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if err := s.writeOwnWords(ctx, tx, u.Client, u.Connection); err != nil {
			return err
		}
		if u.EndSecrets {
			err := write(ctx, tx, `DELETE FROM connection_secrets WHERE connection_id = $1`, u.Connection.ID)
			if err != nil {
				return err
			}
		}
		if u.NewSecret == nil {
			return nil
		}
		return createSecret(ctx, tx, u.Connection.ID, *u.NewSecret)
	}))
}

// writeOwnWords writes what a client may say of itself.
func (s *registrationStore) writeOwnWords(ctx context.Context, tx *sqlx.Tx, c Client, own Connection) error {
	metadata, err := json.Marshal(c.Metadata)
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	uris, err := encodeURIs(own.RedirectURIs)
	if err != nil {
		return err
	}
	err = writeRow(ctx, tx, `
UPDATE clients SET name = $2, scope = $3, metadata = $4, updated_at = $5, name_folded = $6 WHERE id = $1`,
		c.ID, c.Name, strings.Join(c.Scope, " "), string(metadata), s.nowSeconds(), foldName(c.Name))
	if err != nil {
		return err
	}
	return writeRow(ctx, tx, `UPDATE connections SET redirect_uris = $2, updated_at = $3 WHERE id = $1`,
		own.ID, uris, s.nowSeconds())
}

// DeleteRegistration is DeleteClient for a client that ends its own registration.
func (s *registrationStore) DeleteRegistration(ctx context.Context, clientID string) error {
	return s.clients.deleteClient(ctx, EventClientRegistrationDeleted, clientID)
}

// DeleteUnapprovedRegistrations deletes the clients that registered themselves before that time without an initial
// access token, or that a document describes, and that no user lets do anything; at most batch of them in one
// transaction. It says how many went.
func (s *registrationStore) DeleteUnapprovedRegistrations(
	ctx context.Context, before time.Time, batch int,
) (total int64, err error) {
	if batch <= 0 {
		return 0, fmt.Errorf("storage: delete registrations in batches of %d: want one row or more", batch)
	}
	for _, kind := range []string{
		`client_registrations r WHERE r.initial_access_token_id IS NULL AND `, `client_documents r WHERE `,
	} {
		for {
			var ids []string
			err := s.selectAll(ctx, &ids, `SELECT r.client_id FROM `+kind+unapproved+
				` AND r.created_at < $1 ORDER BY r.created_at LIMIT $2`, toSeconds(before), batch)
			if err != nil {
				return total, err
			}
			if len(ids) == 0 {
				break
			}
			deleted, err := s.deleteUnapproved(ctx, kind, ids)
			total += deleted
			if err != nil {
				return total, err
			}
			if deleted == 0 {
				break
			}
		}
	}
	return total, nil
}

const unapproved = `NOT EXISTS (SELECT 1 FROM approvals a WHERE a.client_id = r.client_id)`

// deleteUnapproved looks again at each client of a kind, for somebody may have approved it meanwhile.
func (s *registrationStore) deleteUnapproved(
	ctx context.Context, kind string, ids []string,
) (deleted int64, err error) {
	err = s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		deleted = 0 // the transaction may run again
		for _, id := range ids {
			n, err := affected(tx.ExecContext(ctx, `
DELETE FROM clients WHERE id IN (SELECT r.client_id FROM `+kind+unapproved+` AND r.client_id = $1)`, id))
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			deleted += n
			if err := deleteTokensOf(ctx, tx, ofClient, id); err != nil {
				return err
			}
		}
		return nil
	})
	return deleted, err
}
