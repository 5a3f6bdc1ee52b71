package declaration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/provider/clientauth"
	"ithildin/provider/redirect"
	"ithildin/storage"
)

// connection is a connection under the names of connection list.
type connection struct {
	ID             string   `json:"connection_id"`
	ConsumerID     string   `json:"consumer_id"`
	RedirectURIs   []string `json:"redirect_uris"`
	RedirectMatch  string   `json:"redirect_match"`
	RequireScope   bool     `json:"require_scope"`
	RefreshBoundTo string   `json:"refresh_bound_to"`
}

// declaredConnection is a connection as a file has it.
type declaredConnection struct {
	connection
	// SecretFile holds the secret of a connection that is to be created; it is relative to the file. A connection that is
	// there keeps its secrets.
	SecretFile string `json:"secret_file,omitempty"`
}

func connectionView(c *storage.Connection) connection {
	return connection{c.ID, c.ConsumerID, c.RedirectURIs, c.RedirectMatch, c.RequireScope, c.RefreshBoundTo}
}

// connectionChange is what becomes of one connection of a client.
type connectionChange struct {
	connection *storage.Connection
	known      bool
	members    []difference
	secret     administration.Secret
	// client is the client with all its connections up to this one.
	client *storage.Client
}

// in puts the connection into a list, in the place of the one that it changes.
func (c connectionChange) in(list []*storage.Connection) []*storage.Connection {
	changed := slices.Clone(list)
	for i, other := range changed {
		if other.ID == c.connection.ID {
			changed[i] = c.connection
			return changed
		}
	}
	return append(changed, c.connection)
}

// connectionsOf compares the declared connections of a client with its stored ones.
func (c *comparison) connectionsOf(
	client *storage.Client, declared *declaredClient, preset string,
) (changes []connectionChange, err error) {
	taken := map[string]bool{}
	for _, entry := range declared.Connections {
		planned, err := c.connectionOf(client, entry, preset, taken)
		if err != nil {
			return nil, err
		}
		taken[planned.connection.ID] = true
		changes = append(changes, planned)
	}
	return changes, nil
}

// connectionOf compares one connection: with the stored one of its id or, where it names none, of its consumer.
func (c *comparison) connectionOf(
	client *storage.Client, entry json.RawMessage, preset string, taken map[string]bool,
) (planned connectionChange, err error) {
	var named declaredConnection
	if err := decode(entry, &named); err != nil {
		return planned, err
	}
	stored := c.storedConnection(client, named, taken)
	planned = connectionChange{known: stored != nil, secret: c.Secrets, client: client}
	if stored == nil {
		if named.ID != "" && taken[named.ID] {
			return planned, fmt.Errorf("connection %s is declared twice", named.ID)
		}
		stored = storage.NewConnection(c.admin.NewID(), client.ID, preset, nil, c.admin.Now())
	}
	before := connection{}
	if planned.known {
		before = connectionView(stored)
	}
	after := declaredConnection{connection: connectionView(stored)}
	after.RedirectURIs = slices.Clone(stored.RedirectURIs)
	if err := errors.Join(decode(entry, &after), after.check()); err != nil {
		return planned, err
	}
	if planned.members, err = differences(before, after.connection); err != nil {
		return planned, err
	}
	changed := *stored
	changed.ID, changed.ConsumerID, changed.RedirectURIs = after.ID, after.ConsumerID, after.RedirectURIs
	changed.RedirectMatch, changed.RequireScope = after.RedirectMatch, after.RequireScope
	changed.RefreshBoundTo = after.RefreshBoundTo
	planned.connection = &changed
	if !planned.known && after.SecretFile != "" {
		planned.secret.Given, err = c.readSecret(after.SecretFile)
	}
	return planned, err
}

// storedConnection is the connection that an entry means, nil where it is to be created.
func (c *comparison) storedConnection(
	client *storage.Client, named declaredConnection, taken map[string]bool,
) *storage.Connection {
	for _, stored := range client.Connections {
		isMeant := stored.ID == named.ID || named.ID == "" && stored.ConsumerID == named.ConsumerID
		if isMeant && !taken[stored.ID] {
			return stored
		}
	}
	return nil
}

func (d declaredConnection) check() error {
	var problems []error
	for _, uri := range d.RedirectURIs {
		problems = append(problems, redirect.Validate(uri))
	}
	for _, member := range []struct {
		name, value string
		known       []string
	}{
		{"redirect_match", d.RedirectMatch, []string{storage.RedirectMatchExact, storage.RedirectMatchPrefix}},
		{"refresh_bound_to", d.RefreshBoundTo, []string{storage.RefreshBoundToConnection, storage.RefreshBoundToClient}},
	} {
		if !slices.Contains(member.known, member.value) {
			problems = append(problems, fmt.Errorf("%s is %q: want %s", member.name, member.value,
				strings.Join(member.known, " or ")))
		}
	}
	return errors.Join(problems...)
}

// readSecret reads a secret of at most 1 KiB from a file beside the declared one.
func (c *comparison) readSecret(path string) (string, error) {
	const most = 1 << 10
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.file.folder, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if secret == "" || len(secret) > most {
		return "", fmt.Errorf("%s holds no secret: want one line of at most %d bytes", path, most)
	}
	return secret, nil
}

// allowNewSecret refuses a secret that would have to be made where nobody would see it.
func (c *comparison) allowNewSecret(planned connectionChange) error {
	if c.NoNewSecrets && planned.secret.Given == "" {
		return errors.New("a connection that is to be created needs a secret_file here: a secret that is made would be " +
			"shown to nobody")
	}
	return nil
}

// planConnection plans a connection of a client that is there by then.
func (c *comparison) planConnection(clientID string, planned connectionChange) error {
	name := clientID + " " + planned.connection.ID
	if planned.known {
		c.add(change{update, "connection", name, planned.members, func(ctx context.Context) (*Secret, error) {
			return nil, c.admin.UpdateConnection(ctx, *planned.connection)
		}})
		return nil
	}
	if method := planned.client.Metadata.TokenEndpointAuthMethod; !clientauth.HasSecret(method) {
		return fmt.Errorf("it authenticates by %s, and only a secret tells several connections apart", method)
	}
	if err := c.allowNewSecret(planned); err != nil {
		return err
	}
	c.add(change{create, "connection", name, planned.members, func(ctx context.Context) (*Secret, error) {
		client, err := c.admin.LoadClient(ctx, clientID)
		if err != nil {
			return nil, err
		}
		client.Connections = append(client.Connections, planned.connection)
		made, err := c.admin.AddConnection(ctx, client, planned.secret)
		return secretOf(clientID, planned.connection.ID, made), err
	}})
	return nil
}
