package storage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cache is what a process keeps of the rows that change seldom: clients with their connections and types, roles, the
// scope catalogue, resources, types of authorization details. All of it is dropped when the configuration version
// moves, and read again when asked for.
type cache struct {
	// merged has the texts of merged statements by the names of their parts, for PostgreSQL, and unconditional those of
	// single statements, without a condition, by the texts that have one, for SQLite. The code bounds both.
	merged, unconditional sync.Map

	mu      sync.RWMutex
	epoch   int64 // counts the drops, so that a read that began before a drop is not kept after it
	clients map[string]*Client
	roles   map[string]Role
	scopes  []Scope
	// resources and types are nil where they were not read yet.
	resources []Resource
	types     []DetailType
	loading   singleflight.Group
}

// cachedClients bounds the cache; past it everything is dropped, which is simple and, with an attacker who makes up
// ids, no worse than any other choice.
const cachedClients = 10_000

// sharedTime bounds a read that several requests wait for.
const sharedTime = 15 * time.Second

func newCache() *cache { return &cache{clients: map[string]*Client{}} }

// Invalidate drops what this process keeps.
func (d *database) Invalidate() {
	m := d.cache
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch++
	m.clients, m.roles, m.scopes, m.resources, m.types = map[string]*Client{}, nil, nil, nil, nil
}

// Client returns a client by its id, from memory where it can. The value is shared: it must not be changed. That an id
// is unknown is remembered too.
func (c *configuration) Client(ctx context.Context, id string) (*Client, error) {
	if len(id) > MaximumClientID {
		return nil, ErrNotFound // and is not remembered, for what is remembered must be small
	}
	if err := c.current(ctx); err != nil {
		return nil, err
	}
	m := c.cache
	m.mu.RLock()
	client, known := m.clients[id]
	epoch := m.epoch
	m.mu.RUnlock()
	if !known {
		// The load serves every request that waits for it, so it must not end with the first one's context; and only those
		// of its epoch, or one that comes after a change would keep what was read before.
		loaded, err := m.shared(ctx, fmt.Sprint(epoch, " client ", id), func(ctx context.Context) (any, error) {
			return c.clients.LoadClient(ctx, id)
		})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		client, _ = loaded.(*Client)
		m.keepClient(epoch, id, client)
	}
	if client == nil {
		return nil, ErrNotFound
	}
	return client, nil
}

// shared lets all who ask for the same at once wait for one answer, each for as long as its own context lasts.
func (m *cache) shared(ctx context.Context, key string, load func(context.Context) (any, error)) (any, error) {
	response := m.loading.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sharedTime)
		defer cancel()
		return load(ctx)
	})
	select {
	case r := <-response:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

func (m *cache) keepClient(epoch int64, id string, client *Client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return
	}
	if len(m.clients) >= cachedClients {
		m.clients = map[string]*Client{}
	}
	m.clients[id] = client
}

// Roles returns every role by its id, from memory where it can. The value is shared.
func (c *configuration) Roles(ctx context.Context) (map[string]Role, error) {
	if err := c.current(ctx); err != nil {
		return nil, err
	}
	m := c.cache
	m.mu.RLock()
	roles, epoch := m.roles, m.epoch
	m.mu.RUnlock()
	if roles != nil {
		return roles, nil
	}
	list, err := c.roles.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	roles = make(map[string]Role, len(list))
	for _, r := range list {
		roles[r.ID] = r
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch == epoch {
		m.roles = roles
	}
	return roles, nil
}

// Scopes returns the catalogue in the order of names, from memory where it can. The value is shared.
func (c *configuration) Scopes(ctx context.Context) ([]Scope, error) {
	return kept(ctx, c, &c.cache.scopes, c.scopes.ListScopes)
}

// Resources returns the resources in the order of their identifiers, from memory where it can. The value is shared.
func (c *configuration) Resources(ctx context.Context) ([]Resource, error) {
	return kept(ctx, c, &c.cache.resources, c.resources.ListResources)
}

// DetailTypes returns the types of authorization details in the order of their names, from memory where it can. The
// value is shared.
func (c *configuration) DetailTypes(ctx context.Context) ([]DetailType, error) {
	return kept(ctx, c, &c.cache.types, c.types.ListDetailTypes)
}

// PublishedDetailTypes are DetailTypes as they were last read, though the database may be away by now: for a document
// that clients keep longer anyway.
func (c *configuration) PublishedDetailTypes(ctx context.Context) ([]DetailType, error) {
	c.cache.mu.RLock()
	types := c.cache.types
	c.cache.mu.RUnlock()
	if types != nil {
		return types, nil
	}
	return c.DetailTypes(ctx)
}

// kept returns a list from memory, where in has it, or reads it.
func kept[T any](
	ctx context.Context, c *configuration, in *[]T, read func(context.Context) ([]T, error),
) ([]T, error) {
	if err := c.current(ctx); err != nil {
		return nil, err
	}
	m := c.cache
	m.mu.RLock()
	list, epoch := *in, m.epoch
	m.mu.RUnlock()
	if list != nil {
		return list, nil
	}
	list, err := read(ctx)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []T{} // which is known, too
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch == epoch {
		*in = list
	}
	return list, nil
}
