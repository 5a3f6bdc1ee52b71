package declaration

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"ithildin/provider/clientauth"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// client is a client under the names of client show. Its metadata have those of RFC 7591.
type client struct {
	ID          string           `json:"client_id"`
	Name        string           `json:"name"`
	Type        string           `json:"client_type"`
	OwnerID     string           `json:"owner_id"`
	Scope       []string         `json:"scope"`
	AccessType  string           `json:"access_type"`
	BrokerScope string           `json:"broker_scope"`
	LoginGrants []string         `json:"login_grant_types"`
	Metadata    storage.Metadata `json:"metadata"`
	Policy      storage.Policy   `json:"policy"`
}

// declaredClient is a client as a file has it.
type declaredClient struct {
	client
	// Preset is where a client that is to be created begins: standard (the default), ehealth or mithril.
	Preset      string            `json:"preset,omitempty"`
	Connections []json.RawMessage `json:"connections,omitempty"`
}

// loginGrants are the grant types of the login API by which people may sign in to a client.
var loginGrants = []string{"password", "digital_signature"}

// viewOf is a stored client in the form of the file.
func viewOf(c *storage.Client) client {
	return client{
		ID: c.ID, Name: c.Name, Type: c.TypeName, OwnerID: c.OwnerID, Scope: c.Scope, AccessType: c.AccessType(),
		BrokerScope: c.BrokerScope(), LoginGrants: c.SignInGrantTypes(), Metadata: c.Metadata, Policy: c.Policy,
	}
}

// compareClients plans the clients, and returns the removal of those that are not declared.
func (c *comparison) compareClients(ctx context.Context) ([]change, error) {
	declared := map[string]bool{}
	for _, entry := range c.file.Clients {
		id, err := c.named(declared, entry, "clients", "client_id")
		if err == nil {
			err = c.compareClient(ctx, id, entry)
		}
		if err != nil {
			return nil, fmt.Errorf("client %s: %w", id, err)
		}
	}
	if !c.Prune || c.file.Clients == nil {
		return nil, nil
	}
	undeclared, err := c.undeclaredClients(ctx, declared)
	if err != nil {
		return nil, err
	}
	return prunable(c, true, "client", undeclared,
		func(id string) (string, bool) { return id, true }, c.admin.DeleteClient), nil
}

// compareClient plans one client and its connections.
func (c *comparison) compareClient(ctx context.Context, id string, entry json.RawMessage) error {
	stored, err := c.admin.LoadClient(ctx, id)
	known := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	var preset declaredClient
	if err := json.Unmarshal(entry, &preset); err != nil {
		return err
	}
	if !known {
		created, err := storage.NewClient(id, cmp.Or(preset.Preset, storage.PresetStandard), c.admin.Now())
		if err == nil {
			err = created.SetAccessType(storage.DefaultAccessType(cmp.Or(preset.Preset, storage.PresetStandard)))
		}
		if err != nil {
			return err
		}
		stored = &created
	}
	// Once for the comparison and once to be changed: decode writes into the lists of what it is given.
	after, err := copyOf(declaredClient{client: viewOf(stored)})
	if err != nil {
		return err
	}
	if err := errors.Join(decode(entry, after), checkPolicyNames(entry), c.knowScopes(after.Scope)); err != nil {
		return err
	}
	before := client{}
	if known {
		before = viewOf(stored)
	}
	members, err := differences(before, after.client)
	if err != nil {
		return err
	}
	changed := *stored
	changed.Connections = slices.Clone(stored.Connections)
	if err := c.setClient(&changed, after.client); err != nil {
		return err
	}
	connections, err := c.connectionsOf(&changed, after, cmp.Or(preset.Preset, storage.PresetStandard))
	if err != nil {
		return err
	}
	if known {
		return c.planUpdate(stored, &changed, members, connections)
	}
	return c.planCreation(&changed, members, connections)
}

// setClient makes a client what its view says.
func (c *comparison) setClient(to *storage.Client, view client) error {
	if view.Type != to.TypeName && view.Type != "" && !c.types[view.Type] {
		return fmt.Errorf("the client type %q neither exists nor is declared", view.Type)
	}
	to.Name, to.TypeName, to.OwnerID, to.Scope = view.Name, view.Type, view.OwnerID, view.Scope
	to.Metadata, to.Policy = view.Metadata, view.Policy
	problems := []error{view.Policy.Validate(), registration.ValidateText(view.Name)}
	if view.Name == "" {
		problems = append(problems, errors.New("name is required"))
	}
	if view.AccessType != to.AccessType() {
		if !slices.Contains([]string{"DIRECT", "BROKER"}, view.AccessType) {
			problems = append(problems, fmt.Errorf("access_type is %q: want DIRECT or BROKER", view.AccessType))
		}
		problems = append(problems, to.SetAccessType(view.AccessType))
	}
	if view.BrokerScope != to.BrokerScope() {
		problems = append(problems, to.SetBrokerScope(view.BrokerScope))
	}
	if !slices.Equal(view.LoginGrants, to.SignInGrantTypes()) {
		for _, grant := range view.LoginGrants {
			if !slices.Contains(loginGrants, grant) {
				problems = append(problems, fmt.Errorf("login_grant_types has %q: want password, digital_signature", grant))
			}
		}
		problems = append(problems, to.SetSignInGrantTypes(view.LoginGrants))
	}
	return errors.Join(problems...)
}

// withType gives a client the id of its type, which a change before this one may have made.
func (c *comparison) withType(ctx context.Context, to storage.Client) (storage.Client, error) {
	to.TypeID = ""
	if to.TypeName == "" {
		return to, nil
	}
	found, err := c.admin.FindClientTypeByName(ctx, to.TypeName)
	if err != nil {
		return to, fmt.Errorf("client type %s: %w", to.TypeName, err)
	}
	to.TypeID = found.ID
	return to, nil
}

// planUpdate plans the changes of a client that is stored.
func (c *comparison) planUpdate(
	stored, changed *storage.Client, members []difference, connections []connectionChange,
) error {
	whole := *changed
	for _, connection := range connections {
		whole.Connections = connection.in(whole.Connections)
	}
	if err := registration.ValidateClientChange(stored, &whole, registration.Rules{}); err != nil {
		return err
	}
	c.add(change{update, "client", changed.ID, members, func(ctx context.Context) (*Secret, error) {
		client, err := c.withType(ctx, *changed)
		if err != nil {
			return nil, err
		}
		return nil, c.admin.UpdateClient(ctx, client)
	}})
	for _, connection := range connections {
		if err := c.planConnection(changed.ID, connection); err != nil {
			return err
		}
	}
	return nil
}

// planCreation plans a client that is not there, with its first connection, and its further ones.
func (c *comparison) planCreation(created *storage.Client, members []difference, connections []connectionChange) error {
	if len(connections) == 0 {
		connections = []connectionChange{{connection: storage.NewConnection(c.admin.NewID(), created.ID,
			storage.PresetStandard, nil, c.admin.Now())}}
	}
	for _, connection := range connections {
		created.Connections = append(created.Connections, connection.connection)
	}
	if err := errors.Join(
		registration.ValidateClientID(created.ID), registration.ValidateClient(created, registration.Rules{}),
	); err != nil {
		return err
	}
	first := connections[0]
	created.Connections = created.Connections[:1]
	if clientauth.HasSecret(created.Metadata.TokenEndpointAuthMethod) {
		if err := c.allowNewSecret(first); err != nil {
			return err
		}
	}
	members = append(members, first.members...)
	c.add(change{create, "client", created.ID, members, func(ctx context.Context) (*Secret, error) {
		client, err := c.withType(ctx, *created)
		if err != nil {
			return nil, err
		}
		made, err := c.admin.AddClient(ctx, client, first.secret)
		return secretOf(client.ID, first.connection.ID, made), err
	}})
	for _, connection := range connections[1:] {
		if err := c.planConnection(created.ID, connection); err != nil {
			return err
		}
	}
	return nil
}

// undeclaredClients are the ids of clients that are neither declared nor registered themselves.
func (c *comparison) undeclaredClients(ctx context.Context, declared map[string]bool) (ids []string, err error) {
	registrations, ok := c.admin.(interface {
		FindClientRegistration(ctx context.Context, clientID string) (*storage.ClientRegistration, error)
	})
	if !ok {
		return nil, errors.New("pruning clients needs the database itself: a server does not say which registered themselves")
	}
	const page = 500
	after := ""
	for {
		clients, err := c.admin.ListClients(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, client := range clients {
			after = client.ID
			if declared[client.ID] {
				continue
			}
			switch _, err := registrations.FindClientRegistration(ctx, client.ID); {
			case errors.Is(err, storage.ErrNotFound):
				ids = append(ids, client.ID)
			case err != nil:
				return nil, err
			}
		}
		if len(clients) < page {
			return ids, nil
		}
	}
}

// checkPolicyNames refuses policies that do not exist, which the Policy itself passes over.
func checkPolicyNames(entry json.RawMessage) error {
	var declared struct {
		Policy map[string]json.RawMessage `json:"policy"`
	}
	if err := json.Unmarshal(entry, &declared); err != nil {
		return err
	}
	encoded, err := json.Marshal(storage.Policy{})
	if err != nil {
		return err
	}
	var known map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &known); err != nil {
		return err
	}
	for name := range declared.Policy {
		if _, ok := known[name]; !ok {
			return fmt.Errorf("there is no policy %q", name)
		}
	}
	return nil
}

// copyOf copies a value with everything in it.
func copyOf[T any](value T) (*T, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	copied := new(T)
	return copied, json.Unmarshal(encoded, copied)
}

func secretOf(clientID, connectionID, made string) *Secret {
	if made == "" {
		return nil
	}
	return &Secret{ClientID: clientID, ConnectionID: connectionID, Secret: made}
}
