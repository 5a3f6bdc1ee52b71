package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/clientauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// Connection is one way to a client: its own, or that of a MIS that works for it.
type Connection struct {
	ID             string             `json:"id" format:"uuid"`
	ClientID       string             `json:"client_id"`
	ConsumerID     string             `json:"consumer_id,omitempty" doc:"The client_id of the MIS whose connection it is; absent for one of the client's own."`
	RedirectURIs   []string           `json:"redirect_uris" nullable:"false"`
	RedirectMatch  string             `json:"redirect_match" enum:"exact,prefix"`
	RequireScope   bool               `json:"require_scope" doc:"Whether the exchange of a code through the legacy API requires a scope."`
	RefreshBoundTo string             `json:"refresh_bound_to" enum:"connection,client"`
	Secrets        []ConnectionSecret `json:"secrets" nullable:"false" doc:"Its live secrets, the newest first, without their values."`
	CreatedAt      *time.Time         `json:"created_at,omitempty"`
	UpdatedAt      *time.Time         `json:"updated_at,omitempty"`
}

// ConnectionSecret is a live secret of a connection.
type ConnectionSecret struct {
	ID        string     `json:"id" format:"uuid"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"Absent for one that does not end by itself."`
}

func newConnection(c storage.Connection) Connection {
	shown := Connection{
		ID: c.ID, ClientID: c.ClientID, ConsumerID: c.ConsumerID, RedirectURIs: append([]string{}, c.RedirectURIs...),
		RedirectMatch: c.RedirectMatch, RequireScope: c.RequireScope, RefreshBoundTo: c.RefreshBoundTo,
		Secrets: []ConnectionSecret{}, CreatedAt: moment(c.CreatedAt), UpdatedAt: moment(c.UpdatedAt),
	}
	for _, secret := range c.Secrets {
		shown.Secrets = append(shown.Secrets, ConnectionSecret{
			ID: secret.ID, CreatedAt: moment(secret.CreatedAt), ExpiresAt: moment(secret.ExpiresAt),
		})
	}
	return shown
}

// ConnectionPath names a connection of a client.
type ConnectionPath struct {
	ClientPath
	ConnectionID string `path:"connection_id" format:"uuid"`
}

type connectionOutput struct {
	ETag string `header:"ETag"`
	Body Connection
}

const (
	connectionsPath = "/clients/{client_id}/connections"
	connectionPath  = connectionsPath + "/{connection_id}"
)

func (a clients) registerConnections() {
	tags := []string{clientTag}
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-connections", Method: http.MethodGet, Path: connectionsPath, Tags: tags,
		Summary: "List the connections of a client, the oldest first",
	}, a.listConnections)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "create-connection", Method: http.MethodPost, Path: connectionsPath, Tags: tags,
		Summary: "Create a connection", DefaultStatus: http.StatusCreated, Errors: creationErrors,
	}, a.createConnection)
	register(a.API, operator.Read, huma.Operation{
		OperationID: "get-connection", Method: http.MethodGet, Path: connectionPath, Tags: tags,
		Summary: "Read a connection",
	}, a.getConnection)
	register(a.API, operator.Read, huma.Operation{
		OperationID: "find-connection", Method: http.MethodGet, Path: "/connections/{connection_id}", Tags: tags,
		Summary: "Read a connection of whichever client",
	}, func(ctx context.Context, in *anyConnectionPath) (*connectionOutput, error) {
		connection, err := a.store.FindConnection(ctx, in.ConnectionID)
		if err != nil {
			return nil, err
		}
		return a.getConnection(ctx, &ConnectionPath{
			ClientPath: ClientPath{ClientID: connection.ClientID}, ConnectionID: connection.ID,
		})
	})
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "update-connection", Method: http.MethodPatch, Path: connectionPath, Tags: tags,
		Summary: "Change a connection", Errors: conditionErrors,
	}, a.updateConnection)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "delete-connection", Method: http.MethodDelete, Path: connectionPath, Tags: tags,
		Summary: "Delete a connection with its secrets", Errors: conditionErrors,
	}, a.deleteConnection)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "create-connection-secret", Method: http.MethodPost, Path: connectionPath + "/secrets", Tags: tags,
		Summary: "Give a connection a new secret", DefaultStatus: http.StatusCreated,
		Description: "The earlier secrets stay good for the overlap, so that the client can be configured meanwhile.",
	}, a.createSecret)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "end-connection-secret", Method: http.MethodDelete, Path: connectionPath + "/secrets/{secret_id}",
		Tags: tags, Summary: "End a secret of a connection at once",
	}, a.endSecret)
}

type anyConnectionPath struct {
	ConnectionID string `path:"connection_id" format:"uuid"`
}

func (a clients) listConnections(ctx context.Context, in *ClientPath) (*listOutput[Connection], error) {
	client, err := a.store.LoadClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	return whole(client.Connections, func(c *storage.Connection) Connection { return newConnection(*c) }), nil
}

// findConnection finds a connection of the client in the path, with that client.
func (a clients) findConnection(ctx context.Context, in ConnectionPath) (*storage.Client, *storage.Connection, error) {
	client, err := a.store.LoadClient(ctx, in.ClientID)
	if err != nil {
		return nil, nil, err
	}
	connection := client.ConnectionByID(strings.ToLower(in.ConnectionID))
	if connection == nil {
		return nil, nil, notFound("The connection of this client")
	}
	return client, connection, nil
}

func (a clients) getConnection(ctx context.Context, in *ConnectionPath) (*connectionOutput, error) {
	_, connection, err := a.findConnection(ctx, *in)
	if err != nil {
		return nil, err
	}
	shown := newConnection(*connection)
	return &connectionOutput{ETag: tagOf(shown), Body: shown}, nil
}

// ConnectionRules are the rules of a connection. Those of a new one that are left out are as the legacy API makes them,
// for a client of that, and the strictest for others.
type ConnectionRules struct {
	RedirectMatch  *string `json:"redirect_match,omitempty" enum:"exact,prefix"`
	RequireScope   *bool   `json:"require_scope,omitempty"`
	RefreshBoundTo *string `json:"refresh_bound_to,omitempty" enum:"connection,client"`
}

func (r ConnectionRules) apply(connection *storage.Connection) {
	if r.RedirectMatch != nil {
		connection.RedirectMatch = *r.RedirectMatch
	}
	if r.RequireScope != nil {
		connection.RequireScope = *r.RequireScope
	}
	if r.RefreshBoundTo != nil {
		connection.RefreshBoundTo = *r.RefreshBoundTo
	}
}

// NewConnection is what a connection is created with.
type NewConnection struct {
	ID           string   `json:"id,omitempty" format:"uuid" doc:"Left out, one is made."`
	ConsumerID   string   `json:"consumer_id,omitempty" maxLength:"255" doc:"The client_id of the MIS whose connection it is."`
	RedirectURIs []string `json:"redirect_uris,omitempty" maxItems:"100"`
	ConnectionRules
	Secret string `json:"secret,omitempty" maxLength:"512" doc:"Its secret; left out, one is made."`
}

type createConnectionInput struct {
	ClientPath
	Once
	Body NewConnection
}

// CreatedConnection is a connection with the secret that was made for it, this once.
type CreatedConnection struct {
	Connection
	Secret string `json:"secret,omitempty" doc:"The secret. It is shown this once only; absent for a client without one."`
}

type createConnectionOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     CreatedConnection
}

func (a clients) createConnection(ctx context.Context, in *createConnectionInput) (*createConnectionOutput, error) {
	client, err := a.mayChangeClient(ctx, in.ClientID)
	if err != nil {
		return nil, err
	}
	if err := checkRedirectURIs("body.redirect_uris", in.Body.RedirectURIs); err != nil {
		return nil, err
	}
	preset := storage.PresetStandard
	if client.IsLegacy() {
		preset = storage.PresetMithril
	}
	connection := storage.NewConnection("", client.ID, preset, in.Body.RedirectURIs, a.store.Now())
	connection.ConsumerID = in.Body.ConsumerID
	in.Body.apply(connection)
	secret, err := a.newSecret(ctx, client, connection, in.Body.Secret)
	if err != nil {
		return nil, err
	}
	request := "create-connection " + client.ID
	made, err := a.create(ctx, in.Once, in.Body.ID, request, func(ctx context.Context, id string) error {
		connection.ID = id
		return consumerProblem(a.store.CreateConnection(ctx, *connection), in.Body.ConsumerID)
	})
	if err != nil {
		return nil, err
	}
	read, err := a.getConnection(ctx, &ConnectionPath{ClientPath: in.ClientPath, ConnectionID: made.id})
	if err != nil {
		return nil, made.explain(err)
	}
	if made.repeated {
		secret = ""
	}
	return &createConnectionOutput{
		Location: Prefix + "/clients/" + client.ID + "/connections/" + made.id, ETag: read.ETag,
		Body: CreatedConnection{Connection: read.Body, Secret: secret},
	}, nil
}

// consumerProblem words what a consumer is refused for.
func consumerProblem(err error, consumerID string) error {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return invalid("body.consumer_id", "there is no such client", consumerID)
	case errors.Is(err, storage.ErrConflict):
		return conflict("The client has a connection for this consumer already.")
	}
	return err
}

// ConnectionChange is what of a connection is to be changed.
type ConnectionChange struct {
	RedirectURIs *[]string `json:"redirect_uris,omitempty" maxItems:"100"`
	ConnectionRules
}

type updateConnectionInput struct {
	ConnectionPath
	Condition
	Body ConnectionChange
}

func (a clients) updateConnection(ctx context.Context, in *updateConnectionInput) (*connectionOutput, error) {
	err := a.changeConnection(ctx, in.ConnectionPath, in.Condition,
		func(ctx context.Context, client *storage.Client, connection storage.Connection) error {
			if err := in.Body.apply(&connection); err != nil {
				return err
			}
			before := *client
			client.Connections = slices.Clone(client.Connections)
			for i, known := range client.Connections {
				if known.ID == connection.ID {
					client.Connections[i] = &connection
				}
			}
			if err := checkClientChange(&before, client); err != nil {
				return err
			}
			return a.store.UpdateConnection(ctx, connection)
		})
	if err != nil {
		return nil, err
	}
	return a.getConnection(ctx, &in.ConnectionPath)
}

func (c ConnectionChange) apply(connection *storage.Connection) error {
	if c.RedirectURIs != nil {
		if err := checkRedirectURIs("body.redirect_uris", *c.RedirectURIs); err != nil {
			return err
		}
		connection.RedirectURIs = *c.RedirectURIs
	}
	c.ConnectionRules.apply(connection)
	return nil
}

// changeConnection is change for a connection of a client that the operator may change. The client is held, for the
// connections are checked together.
func (a clients) changeConnection(
	ctx context.Context, path ConnectionPath, c Condition,
	write func(context.Context, *storage.Client, storage.Connection) error,
) error {
	var client *storage.Client
	var connection *storage.Connection
	return a.change(ctx, c, func(ctx context.Context) error { return a.store.HoldClient(ctx, path.ClientID) },
		func(ctx context.Context) (_ any, err error) {
			if client, connection, err = a.findConnection(ctx, path); err != nil {
				return nil, err
			}
			return newConnection(*connection), mayGive(ctx, client.AllowedScope())
		},
		func(ctx context.Context) error { return write(ctx, client, *connection) })
}

type deleteConnectionInput struct {
	ConnectionPath
	Condition
}

func (a clients) deleteConnection(ctx context.Context, in *deleteConnectionInput) (*struct{}, error) {
	return nil, a.changeConnection(ctx, in.ConnectionPath, in.Condition,
		func(ctx context.Context, _ *storage.Client, connection storage.Connection) error {
			return a.store.DeleteConnection(ctx, connection.ID)
		})
}

// defaultOverlap is how long the earlier secrets of a connection stay good.
const defaultOverlap = 24 * time.Hour

// NewSecret is how a new secret of a connection begins.
type NewSecret struct {
	Overlap *int64 `json:"overlap,omitempty" minimum:"0" maximum:"7776000" doc:"For how long the earlier secrets stay good, in seconds; by default a day."`
	Secret  string `json:"secret,omitempty" maxLength:"512" doc:"The new secret; left out, one is made."`
	Sealed  bool   `json:"sealed,omitempty" doc:"Also store it encrypted, for a client that is to change to client_secret_jwt."`
}

type createSecretInput struct {
	ConnectionPath
	Body NewSecret
}

// CreatedSecret is a new secret, this once.
type CreatedSecret struct {
	ConnectionSecret
	Secret string `json:"secret,omitempty" doc:"The secret that was made. It is shown this once only."`
}

type createSecretOutput struct{ Body CreatedSecret }

func (a clients) createSecret(ctx context.Context, in *createSecretInput) (*createSecretOutput, error) {
	client, connection, err := a.findConnection(ctx, in.ConnectionPath)
	if err != nil {
		return nil, err
	}
	if err := mayGive(ctx, client.AllowedScope()); err != nil {
		return nil, err
	}
	if !clientauth.HasSecret(client.Metadata.TokenEndpointAuthMethod) {
		return nil, conflict("The client has no secret: it authenticates by " +
			client.Metadata.TokenEndpointAuthMethod + ".")
	}
	text, secret, err := a.makeSecret(ctx, client, in.Body.Secret, in.Body.Sealed)
	if err != nil {
		return nil, err
	}
	overlap := defaultOverlap
	if in.Body.Overlap != nil {
		overlap = time.Duration(*in.Body.Overlap) * time.Second
	}
	until := a.store.Now().Add(overlap)
	if err := a.store.AddConnectionSecret(ctx, connection.ID, secret, until); err != nil {
		return nil, err
	}
	return &createSecretOutput{Body: CreatedSecret{
		ConnectionSecret: ConnectionSecret{ID: secret.ID, CreatedAt: moment(secret.CreatedAt)}, Secret: text,
	}}, nil
}

type secretPath struct {
	ConnectionPath
	SecretID string `path:"secret_id" format:"uuid"`
}

func (a clients) endSecret(ctx context.Context, in *secretPath) (*struct{}, error) {
	client, connection, err := a.findConnection(ctx, in.ConnectionPath)
	if err != nil {
		return nil, err
	}
	if err := mayGive(ctx, client.AllowedScope()); err != nil {
		return nil, err
	}
	return nil, a.store.EndConnectionSecret(ctx, connection.ID, in.SecretID)
}
