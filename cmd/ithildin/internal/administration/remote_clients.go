package administration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"ithildin/adapters/admin"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/clientauth"
	"ithildin/storage"
)

// remoteClients implements Clients.
type remoteClients struct{ *api }

// clientOf is a client as the store would read it, without connections.
func clientOf(c admin.Client) (storage.Client, error) {
	client := storage.Client{
		ID: c.ID, Name: c.Name, TypeID: c.ClientTypeID, TypeName: c.ClientTypeName, OwnerID: c.OwnerID, Scope: c.Scope,
		IsBlocked: c.State == "blocked", BlockReason: c.BlockReason, CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt),
	}
	err := json.Unmarshal(c.Metadata, &client.Metadata)
	if err == nil {
		err = json.Unmarshal(c.Policy, &client.Policy)
	}
	if err == nil && c.AccessType != "" {
		err = client.SetAccessType(c.AccessType)
	}
	if err == nil {
		err = client.SetBrokerScope(strings.Join(c.BrokerScope, " "))
	}
	if err == nil {
		err = client.SetSignInGrantTypes(c.LoginGrants)
	}
	return client, err
}

// members are what an object of the store is in a body.
func members(value any) (object map[string]any, err error) {
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, &object)
	}
	return object, err
}

// allMembers are members with null for each that the object does not have, so that it is taken away.
func allMembers(value any) (map[string]any, error) {
	object, err := members(value)
	if err != nil {
		return nil, err
	}
	for field := range reflect.TypeOf(value).Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			if _, there := object[name]; !there {
				object[name] = nil
			}
		}
	}
	return object, nil
}

// ListClients implements Clients.
func (r remoteClients) ListClients(ctx context.Context, afterID string, limit int) ([]storage.Client, error) {
	list, err := page[admin.Client](ctx, r.api, path("clients"),
		url.Values{"order": {"client_id"}, "after": {afterID}, "limit": {pageSize(limit)}})
	if err != nil {
		return nil, err
	}
	clients := make([]storage.Client, len(list.Items))
	for i, item := range list.Items {
		if clients[i], err = clientOf(item); err != nil {
			return nil, err
		}
	}
	return clients, nil
}

// LoadClient implements Clients.
func (r remoteClients) LoadClient(ctx context.Context, id string) (*storage.Client, error) {
	var found admin.Client
	if err := r.get(ctx, path("clients", id), &found); err != nil {
		return nil, err
	}
	client, err := clientOf(found)
	if err != nil {
		return nil, err
	}
	list, err := page[admin.Connection](ctx, r.api, path("clients", id, "connections"), url.Values{})
	client.Connections = each(list.Items, connectionOf)
	return &client, err
}

func connectionOf(c admin.Connection) *storage.Connection {
	return &storage.Connection{
		ID: c.ID, ClientID: c.ClientID, ConsumerID: c.ConsumerID, RedirectURIs: c.RedirectURIs,
		RedirectMatch: c.RedirectMatch, RequireScope: c.RequireScope, RefreshBoundTo: c.RefreshBoundTo,
		CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt),
		Secrets: each(c.Secrets, func(s admin.ConnectionSecret) storage.ConnectionSecret {
			return storage.ConnectionSecret{ID: s.ID, CreatedAt: at(s.CreatedAt), ExpiresAt: at(s.ExpiresAt)}
		}),
	}
}

// AddClient implements Clients.
func (r remoteClients) AddClient(ctx context.Context, c storage.Client, s Secret) (made string, err error) {
	metadata, err := allMembers(c.Metadata)
	if err != nil {
		return "", err
	}
	policy, err := members(c.Policy)
	if err != nil {
		return "", err
	}
	connection := c.Connections[0]
	body := admin.NewClient{
		ID: c.ID, Name: c.Name, Preset: presetOf(c, connection), ClientTypeID: c.TypeID, OwnerID: c.OwnerID, Scope: c.Scope,
		AccessType: c.AccessType(), BrokerScope: storage.SplitScope(c.BrokerScope()), LoginGrants: c.SignInGrantTypes(),
		ConnectionID: connection.ID, RedirectURIs: connection.RedirectURIs, Secret: s.Given, Metadata: metadata,
		Policy: policy,
	}
	var answer struct {
		Secret string `json:"secret"`
	}
	if err := r.create(ctx, path("clients"), body, &answer); err != nil {
		return "", err
	}
	hasSecret := clientauth.HasSecret(c.Metadata.TokenEndpointAuthMethod)
	return answer.Secret, lostSecret(hasSecret && answer.Secret == "" && s.Given == "", "client "+c.ID, connection.ID)
}

// presetOf is the preset that made the rules of a new client and its connection, which have no other trace of it.
func presetOf(c storage.Client, connection *storage.Connection) string {
	switch {
	case connection.RedirectMatch == storage.RedirectMatchPrefix:
		return storage.PresetMithril
	case c.IsLegacy():
		return storage.PresetEHealth
	}
	return storage.PresetStandard
}

// lostSecret explains what is to be done where the answer with a secret was lost, and its repetition has none.
func lostSecret(isLost bool, what, connectionID string) error {
	if !isLost {
		return nil
	}
	return console.WithHint("ithildin connection rotate-secret "+connectionID+" makes another",
		fmt.Errorf("%s was made, but the answer with its secret was lost", what))
}

// UpdateClient implements Clients.
func (r remoteClients) UpdateClient(ctx context.Context, c storage.Client) error {
	metadata, err := allMembers(c.Metadata)
	if err != nil {
		return err
	}
	policy, err := members(c.Policy)
	if err != nil {
		return err
	}
	scope, broker, grants := append([]string{}, c.Scope...), storage.SplitScope(c.BrokerScope()), c.SignInGrantTypes()
	body := admin.ClientChange{
		Name: &c.Name, ClientTypeID: &c.TypeID, OwnerID: &c.OwnerID, Scope: &scope, BrokerScope: &broker,
		LoginGrants: &grants, Metadata: metadata, Policy: policy,
	}
	if accessType := c.AccessType(); accessType != "" {
		body.AccessType = &accessType
	}
	return r.change(ctx, path("clients", c.ID), body)
}

// DeleteClient implements Clients.
func (r remoteClients) DeleteClient(ctx context.Context, id string) error {
	return r.remove(ctx, path("clients", id))
}

// BlockClient implements Clients.
func (r remoteClients) BlockClient(ctx context.Context, id, reason string) error {
	return r.act(ctx, path("clients", id, "block"), admin.Reason{Reason: reason}, nil)
}

// UnblockClient implements Clients.
func (r remoteClients) UnblockClient(ctx context.Context, id string) error {
	return r.act(ctx, path("clients", id, "unblock"), nil, nil)
}

// FindConnection implements Clients.
func (r remoteClients) FindConnection(ctx context.Context, id string) (*storage.Connection, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	var found admin.Connection
	if err := r.get(ctx, path("connections", id), &found); err != nil {
		return nil, err
	}
	r.tags[path("clients", found.ClientID, "connections", id)] = r.tags[path("connections", id)]
	return connectionOf(found), nil
}

// AddConnection implements Clients.
func (r remoteClients) AddConnection(ctx context.Context, c *storage.Client, s Secret) (made string, err error) {
	connection := c.Connections[len(c.Connections)-1]
	body := admin.NewConnection{
		ID: connection.ID, ConsumerID: connection.ConsumerID, RedirectURIs: connection.RedirectURIs, Secret: s.Given,
		ConnectionRules: rulesOf(connection),
	}
	var answer struct {
		Secret string `json:"secret"`
	}
	if err := r.create(ctx, path("clients", c.ID, "connections"), body, &answer); err != nil {
		return "", err
	}
	return answer.Secret, lostSecret(answer.Secret == "" && s.Given == "", "connection "+connection.ID, connection.ID)
}

// UpdateConnection implements Clients.
func (r remoteClients) UpdateConnection(ctx context.Context, c storage.Connection) error {
	uris := append([]string{}, c.RedirectURIs...)
	return r.change(ctx, path("clients", c.ClientID, "connections", c.ID), admin.ConnectionChange{
		RedirectURIs: &uris, ConnectionRules: rulesOf(&c),
	})
}

func rulesOf(c *storage.Connection) admin.ConnectionRules {
	return admin.ConnectionRules{
		RedirectMatch: &c.RedirectMatch, RequireScope: &c.RequireScope, RefreshBoundTo: &c.RefreshBoundTo,
	}
}

// RotateSecret implements Clients.
func (r remoteClients) RotateSecret(
	ctx context.Context, c *storage.Client, connectionID string, s Secret, overlap time.Duration,
) (made string, err error) {
	seconds := int64(overlap / time.Second)
	var answer struct {
		Secret string `json:"secret"`
	}
	err = r.act(ctx, path("clients", c.ID, "connections", connectionID, "secrets"),
		admin.NewSecret{Overlap: &seconds, Secret: s.Given, Sealed: s.Sealed}, &answer)
	return answer.Secret, err
}

// DeleteConnection implements Clients.
func (r remoteClients) DeleteConnection(ctx context.Context, id string) error {
	connection, err := r.FindConnection(ctx, id)
	if err != nil {
		return err
	}
	return r.remove(ctx, path("clients", connection.ClientID, "connections", id))
}

// ListInitialAccessTokens implements Clients.
func (r remoteClients) ListInitialAccessTokens(ctx context.Context) ([]storage.InitialAccessToken, error) {
	list, err := page[admin.InitialAccessToken](ctx, r.api, path("initial-access-tokens"), url.Values{})
	return each(list.Items, func(t admin.InitialAccessToken) storage.InitialAccessToken {
		return storage.InitialAccessToken{
			ID: t.ID, Name: t.Name, Remaining: t.Remaining, CreatedAt: at(t.CreatedAt), ExpiresAt: at(t.ExpiresAt),
		}
	}), err
}

// AddInitialAccessToken implements Clients.
func (r remoteClients) AddInitialAccessToken(
	ctx context.Context, t storage.InitialAccessToken, days int64,
) (value string, expiresAt time.Time, err error) {
	var made admin.CreatedInitialAccessToken
	err = r.create(ctx, path("initial-access-tokens"), admin.NewInitialAccessToken{
		ID: t.ID, Name: t.Name, Registrations: t.Remaining, Days: days,
	}, &made)
	if err == nil && made.Value == "" {
		err = console.WithHint("ithildin initial-access-token delete "+t.ID+", and create another",
			fmt.Errorf("the token %s was made, but the answer with it was lost", t.ID))
	}
	return made.Value, at(made.ExpiresAt), err
}

// DeleteInitialAccessToken implements Clients.
func (r remoteClients) DeleteInitialAccessToken(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	return r.remove(ctx, path("initial-access-tokens", id))
}
