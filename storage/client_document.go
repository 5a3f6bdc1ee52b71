package storage

import (
	"context"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// ClientDocument is the document that describes a client which is known by the URL of it.
type ClientDocument struct {
	Host string // of the URL, without a port
	Hash []byte // SHA-256 of what was read there
}

// IsKept says whether the client is stored as a document has it, by its hash.
func (c *Client) IsKept(document ClientDocument) bool {
	return c.Document != nil && slices.Equal(c.Document.Hash, document.Hash)
}

// CreateDocumentClient stores a client that a document describes (Client.Document), with its one connection. ErrQuota:
// there are quota such clients already. ErrConflict: the client is there.
func (s *registrationStore) CreateDocumentClient(ctx context.Context, c Client, quota int64) error {
	defer s.Invalidate() // even after an error, as changeConfiguration does
	ctx = changing(ctx, EventClientRegistered, clientSubject, c.ID)
	return s.transaction(ctx, func(tx *sqlx.Tx) error {
		// First, so that those who store such clients wait for each other, and none is missed by the count.
		if err := raiseVersion(ctx, tx); err != nil {
			return err
		}
		var known int64
		if err := tx.GetContext(ctx, &known, `SELECT count(*) FROM client_documents`); err != nil {
			return err
		}
		if known >= quota {
			return ErrQuota
		}
		if err := s.clients.createClient(ctx, tx, c); err != nil {
			return err
		}
		now := s.nowSeconds()
		return write(ctx, tx, `
INSERT INTO client_documents (client_id, host, hash, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)`,
			c.ID, c.Document.Host, c.Document.Hash, now, now)
	})
}

// UpdateDocumentClient makes a stored client what its document says now. What an operator gave it is left alone.
// ErrNotFound: the client or its connection is gone.
func (s *registrationStore) UpdateDocumentClient(ctx context.Context, c Client) error {
	ctx = changing(ctx, EventClientRegistrationUpdated, clientSubject, c.ID)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		if err := s.writeOwnWords(ctx, tx, c, *c.Connections[0]); err != nil {
			return err
		}
		return writeRow(ctx, tx, `UPDATE client_documents SET hash = $2, updated_at = $3 WHERE client_id = $1`,
			c.ID, c.Document.Hash, s.nowSeconds())
	})
}

// BlockedClientHost is a host whose clients are blocked, as far as documents there describe them.
type BlockedClientHost struct {
	Host      string
	Reason    string
	CreatedAt time.Time
}

// BlockClientHost bars all clients that documents of a host describe, those to come too; what was issued to them comes
// back when the block is lifted. ErrConflict: blocked already.
func (s *registrationStore) BlockClientHost(ctx context.Context, host, reason string) error {
	ctx = changingBy(ctx, Event{Kind: EventClientHostBlocked, Details: because(reason)}, clientHostSubject, host)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `INSERT INTO blocked_client_hosts (host, reason, created_at) VALUES ($1, $2, $3)`,
			host, reason, s.nowSeconds())
	})
}

// UnblockClientHost lifts a block. ErrNotFound: the host is not blocked.
func (s *registrationStore) UnblockClientHost(ctx context.Context, host string) error {
	ctx = changing(ctx, EventClientHostUnblocked, clientHostSubject, host)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM blocked_client_hosts WHERE host = $1`, host)
	})
}

// ListBlockedClientHosts reads all of them, in the order of their names.
func (s *registrationStore) ListBlockedClientHosts(ctx context.Context) ([]BlockedClientHost, error) {
	var rows []struct {
		Host      string  `db:"host"`
		Reason    string  `db:"reason"`
		CreatedAt seconds `db:"created_at"`
	}
	err := s.selectAll(ctx, &rows, `SELECT host, reason, created_at FROM blocked_client_hosts ORDER BY host`)
	hosts := make([]BlockedClientHost, len(rows))
	for i, r := range rows {
		hosts[i] = BlockedClientHost{Host: r.Host, Reason: r.Reason, CreatedAt: r.CreatedAt.time()}
	}
	return hosts, err
}

// IsClientHostBlocked says whether the clients of a host are blocked.
func (s *registrationStore) IsClientHostBlocked(ctx context.Context, host string) (bool, error) {
	var blocked int64
	err := s.get(ctx, &blocked, `SELECT count(*) FROM blocked_client_hosts WHERE host = $1`, host)
	return blocked > 0, err
}
