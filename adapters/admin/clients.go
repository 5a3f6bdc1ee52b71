package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// clients are the operations on clients and their connections.
type clients struct{ *API }

// Client is a program that people sign in to, or that acts for itself.
type Client struct {
	ID             string     `json:"client_id"`
	Name           string     `json:"name"`
	ClientTypeID   string     `json:"client_type_id,omitempty" doc:"Of the client type, which limits the scopes."`
	ClientTypeName string     `json:"client_type_name,omitempty"`
	OwnerID        string     `json:"owner_id,omitempty" doc:"The user who owns it."`
	Scope          []string   `json:"scope" nullable:"false" doc:"Its own list of the scopes that it may request."`
	AllowedScope   []string   `json:"allowed_scope" nullable:"false" doc:"What it may request: its own list within that of its type."`
	AccessType     string     `json:"access_type,omitempty" doc:"DIRECT, or BROKER for one that works through a MIS."`
	BrokerScope    []string   `json:"broker_scope" nullable:"false" doc:"Scopes that clients with the access type BROKER may use through it."`
	LoginGrants    []string   `json:"login_grant_types" nullable:"false" doc:"How people may sign in to it by the login API: password, digital_signature."`
	Metadata       Object     `json:"metadata" doc:"What it registered about itself, under the names of RFC 7591 and OpenID Connect."`
	Policy         Object     `json:"policy" doc:"Its policies, as the command line names them."`
	State          string     `json:"state" enum:"active,blocked"`
	BlockReason    string     `json:"block_reason,omitempty"`
	CreatedAt      *time.Time `json:"created_at,omitempty"`
	UpdatedAt      *time.Time `json:"updated_at,omitempty"`
}

func newClient(c storage.Client) Client {
	return Client{
		ID: c.ID, Name: c.Name, ClientTypeID: c.TypeID, ClientTypeName: c.TypeName, OwnerID: c.OwnerID,
		Scope: append([]string{}, c.Scope...), AllowedScope: append([]string{}, c.AllowedScope()...),
		AccessType: c.AccessType(), BrokerScope: storage.SplitScope(c.BrokerScope()), LoginGrants: c.SignInGrantTypes(),
		Metadata: objectOf(c.Metadata), Policy: objectOf(c.Policy),
		State: stateOf(c.IsBlocked), BlockReason: c.BlockReason,
		CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt),
	}
}

// asObject is a value as JSON shows it.
func asObject(value any) map[string]any {
	var object map[string]any
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, &object)
	}
	if err != nil {
		panic("admin: " + err.Error()) // it was JSON in the database
	}
	return object
}

// ClientPath names a client.
type ClientPath struct {
	ClientID string `path:"client_id" minLength:"1" maxLength:"255"`
}

type clientOutput struct {
	ETag string `header:"ETag"`
	Body Client
}

func (a clients) clientOutput(ctx context.Context, id string) (*clientOutput, error) {
	client, err := a.store.LoadClient(ctx, id)
	if err != nil {
		return nil, err
	}
	shown := newClient(*client)
	return &clientOutput{ETag: tagOf(shown), Body: shown}, nil
}

const clientTag = "clients"

func (a clients) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-clients", Method: http.MethodGet, Path: "/clients", Tags: []string{clientTag},
		Summary: "List clients, by default the oldest first",
	}, a.listClients)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "create-client", Method: http.MethodPost, Path: "/clients", Tags: []string{clientTag},
		Summary: "Create a client with its first connection", DefaultStatus: http.StatusCreated, Errors: creationErrors,
	}, a.createClient)
	register(a.API, operator.Read, huma.Operation{
		OperationID: "get-client", Method: http.MethodGet, Path: "/clients/{client_id}", Tags: []string{clientTag},
		Summary: "Read a client",
	}, func(ctx context.Context, in *ClientPath) (*clientOutput, error) {
		return a.clientOutput(ctx, in.ClientID)
	})
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "update-client", Method: http.MethodPatch, Path: "/clients/{client_id}", Tags: []string{clientTag},
		Summary: "Change a client", Errors: conditionErrors,
		Description: "Members that are left out stay as they are, also those of metadata and policy; null removes a member " +
			"of metadata. Redirect URIs and secrets belong to connections.",
	}, a.updateClient)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "delete-client", Method: http.MethodDelete, Path: "/clients/{client_id}", Tags: []string{clientTag},
		Summary: "Delete a client with its connections and all that was issued to it", Errors: conditionErrors,
	}, a.deleteClient)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "block-client", Method: http.MethodPost, Path: "/clients/{client_id}/block", Tags: []string{clientTag},
		Summary:     "Block a client",
		Description: "What was issued to it counts again when the block ends.",
	}, a.blockClient)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "unblock-client", Method: http.MethodPost, Path: "/clients/{client_id}/unblock",
		Tags: []string{clientTag}, Summary: "End a block",
	}, a.unblockClient)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "end-client-tokens", Method: http.MethodDelete, Path: "/clients/{client_id}/tokens",
		Tags: []string{clientTag}, Summary: "End what was issued to a client for its users, and its own opaque tokens",
	}, func(ctx context.Context, in *ClientPath) (*struct{}, error) {
		return nil, a.store.DeactivateTokens(ctx, in.ClientID)
	})
	a.registerConnections()
}

type listClientsInput struct {
	Paging
	Name         string `query:"name" maxLength:"200" doc:"A part of the name, in any case of letters."`
	ClientTypeID string `query:"client_type_id" format:"uuid"`
	OwnerID      string `query:"owner_id" format:"uuid"`
	State        string `query:"state" enum:"active,blocked"`
	Order        string `query:"order" enum:"created,client_id" default:"created" doc:"What they are sorted by."`
	After        string `query:"after" maxLength:"255" doc:"With order=client_id, only those behind this one."`
}

func (a clients) listClients(ctx context.Context, in *listClientsInput) (*listOutput[Client], error) {
	byID, err := ordered(in.Order == "client_id", "client_id", in.After)
	if err != nil {
		return nil, err
	}
	clients, total, err := a.store.PageOfClients(ctx, storage.ClientFilter{
		Name: in.Name, TypeID: in.ClientTypeID, OwnerID: in.OwnerID, IsBlocked: isBlocked(in.State), ByID: byID,
		AfterID: in.After,
	}, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(clients, total, newClient), nil
}

// CreatedClient is a client with its first connection, and the secret that was made for it, this once.
type CreatedClient struct {
	Client
	ConnectionID string `json:"connection_id" format:"uuid"`
	Secret       string `json:"secret,omitempty" doc:"The secret. It is shown this once only; absent for a client without one."`
}

type createClientInput struct {
	Once
	Body NewClient
}

type createClientOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     CreatedClient
}

func (a clients) createClient(ctx context.Context, in *createClientInput) (*createClientOutput, error) {
	client, err := a.clientOf(in.Body)
	if err != nil {
		return nil, err
	}
	if err := a.knowTypeAndOwner(ctx, client); err != nil {
		return nil, err
	}
	if err := mayGive(ctx, client.AllowedScope()); err != nil {
		return nil, err
	}
	secret, err := a.newSecret(ctx, client, client.Connections[0], in.Body.Secret)
	if err != nil {
		return nil, err
	}
	made, err := a.create(ctx, in.Once, in.Body.ID, "create-client", func(ctx context.Context, id string) error {
		client.ID = id
		err := a.store.CreateClient(ctx, *client)
		if errors.Is(err, storage.ErrConflict) {
			return conflict("A client has this client_id, or a connection this id, already.")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.createdClient(ctx, made, secret)
}

func (a clients) createdClient(ctx context.Context, made created, secret string) (*createClientOutput, error) {
	client, err := a.store.LoadClient(ctx, made.id)
	if err != nil {
		return nil, made.explain(err)
	}
	shown := newClient(*client)
	out := &createClientOutput{
		Location: Prefix + "/clients/" + client.ID, ETag: tagOf(shown), Body: CreatedClient{Client: shown, Secret: secret},
	}
	if len(client.Connections) > 0 {
		out.Body.ConnectionID = client.Connections[0].ID
	}
	if made.repeated {
		out.Body.Secret = ""
	}
	return out, nil
}

type updateClientInput struct {
	ClientPath
	Condition
	Body ClientChange
}

func (a clients) updateClient(ctx context.Context, in *updateClientInput) (*clientOutput, error) {
	err := a.changeClient(ctx, in.ClientID, in.Condition, func(ctx context.Context, client *storage.Client) error {
		before := *client
		if err := in.Body.apply(client); err != nil {
			return err
		}
		if err := a.knowTypeAndOwner(ctx, client); err != nil {
			return err
		}
		if err := mayGive(ctx, client.AllowedScope()); err != nil {
			return err
		}
		if err := checkClientChange(&before, client); err != nil {
			return err
		}
		return a.store.UpdateClient(ctx, *client)
	})
	if err != nil {
		return nil, err
	}
	return a.clientOutput(ctx, in.ClientID)
}

// changeClient is change for a client that the operator may change.
func (a clients) changeClient(
	ctx context.Context, id string, c Condition, write func(context.Context, *storage.Client) error,
) error {
	var client *storage.Client
	return a.change(ctx, c, func(ctx context.Context) error { return a.store.HoldClient(ctx, id) },
		func(ctx context.Context) (_ any, err error) {
			if client, err = a.store.LoadClient(ctx, id); err != nil {
				return nil, err
			}
			return newClient(*client), mayGive(ctx, client.AllowedScope())
		},
		func(ctx context.Context) error { return write(ctx, client) })
}

// mayChangeClient is for what is done to a client without a condition.
func (a clients) mayChangeClient(ctx context.Context, id string) (*storage.Client, error) {
	client, err := a.store.LoadClient(ctx, id)
	if err != nil {
		return nil, err
	}
	return client, mayGive(ctx, client.AllowedScope())
}

type deleteClientInput struct {
	ClientPath
	Condition
}

// deleteClient checks the condition before the deletion, which takes several transactions where much was issued.
func (a clients) deleteClient(ctx context.Context, in *deleteClientInput) (*struct{}, error) {
	err := a.changeClient(ctx, in.ClientID, in.Condition, func(context.Context, *storage.Client) error { return nil })
	if err != nil {
		return nil, err
	}
	return nil, a.store.DeleteClient(ctx, in.ClientID)
}

type blockClientInput struct {
	ClientPath
	Body Reason
}

func (a clients) blockClient(ctx context.Context, in *blockClientInput) (*clientOutput, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	if _, err := a.mayChangeClient(ctx, in.ClientID); err != nil {
		return nil, err
	}
	err := a.store.BlockClient(ctx, in.ClientID, in.Body.Reason)
	if errors.Is(err, storage.ErrConflict) {
		err = conflict("The client is blocked already.")
	}
	if err != nil {
		return nil, err
	}
	return a.clientOutput(ctx, in.ClientID)
}

func (a clients) unblockClient(ctx context.Context, in *ClientPath) (*clientOutput, error) {
	if _, err := a.mayChangeClient(ctx, in.ClientID); err != nil {
		return nil, err
	}
	if err := a.store.UnblockClient(ctx, in.ClientID); err != nil {
		return nil, err
	}
	return a.clientOutput(ctx, in.ClientID)
}
