package declaration

import (
	"context"
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/console"
)

// exported is everything that a file can declare, in the order in which it is read.
type exported struct {
	Scopes      []scope          `json:"scopes"`
	ClientTypes []scopeSet       `json:"client_types"`
	Roles       []scopeSet       `json:"roles"`
	Clients     []exportedClient `json:"clients"`
	Resources   []resource       `json:"resources"`
	DetailTypes []detailType     `json:"authorization_details_types"`
}

type exportedClient struct {
	client
	Connections []connection `json:"connections"`
}

// Export writes what there is as a file that Compare finds no difference to, as YAML or JSON. Secrets are not in it,
// since only their hashes are kept, and neither are users.
func Export(ctx context.Context, admin administration.Administration, w io.Writer, asYAML bool) error {
	all, err := collect(ctx, admin)
	if err != nil {
		return err
	}
	if !asYAML {
		return console.PrintJSON(w, all)
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		return err
	}
	// By way of a node, so that members stay in their order.
	var document yaml.Node
	if err := yaml.Unmarshal(encoded, &document); err != nil {
		return err
	}
	useBlocks(&document)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	return encoder.Encode(&document)
}

// useBlocks takes the style of JSON from a document: each member gets a line, and texts lose their quotes.
func useBlocks(node *yaml.Node) {
	node.Style &^= yaml.FlowStyle | yaml.DoubleQuotedStyle
	for _, within := range node.Content {
		useBlocks(within)
	}
}

func collect(ctx context.Context, admin administration.Administration) (*exported, error) {
	all := &exported{
		Scopes: []scope{}, ClientTypes: []scopeSet{}, Roles: []scopeSet{}, Clients: []exportedClient{},
		Resources: []resource{}, DetailTypes: []detailType{},
	}
	scopes, err := admin.ListScopes(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range scopes {
		all.Scopes = append(all.Scopes, scope(s))
	}
	types, err := admin.ListClientTypes(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		all.ClientTypes = append(all.ClientTypes, scopeSet{t.Name, t.Scope})
	}
	roles, err := admin.ListRoles(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		all.Roles = append(all.Roles, scopeSet{r.Name, r.Scope})
	}
	resources, err := admin.ListResources(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range resources {
		all.Resources = append(all.Resources, resourceView(r))
	}
	detailTypes, err := admin.ListDetailTypes(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range detailTypes {
		all.DetailTypes = append(all.DetailTypes, detailType(t))
	}
	all.Clients, err = collectClients(ctx, admin)
	return all, err
}

func collectClients(ctx context.Context, admin administration.Administration) ([]exportedClient, error) {
	const page = 500
	clients, after := []exportedClient{}, ""
	for {
		listed, err := admin.ListClients(ctx, after, page)
		if err != nil {
			return nil, err
		}
		for _, row := range listed {
			after = row.ID
			stored, err := admin.LoadClient(ctx, row.ID)
			if err != nil {
				return nil, err
			}
			found := exportedClient{client: viewOf(stored), Connections: []connection{}}
			for _, c := range stored.Connections {
				found.Connections = append(found.Connections, connectionView(c))
			}
			clients = append(clients, found)
		}
		if len(listed) < page {
			return clients, nil
		}
	}
}
