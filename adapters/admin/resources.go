package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Resource is an API that access tokens may be for (RFC 8707).
type Resource struct {
	Identifier        string   `json:"identifier" minLength:"1" maxLength:"512" doc:"An absolute URI without a fragment: the aud of its access tokens."`
	TitleUkrainian    string   `json:"title_uk" minLength:"1" maxLength:"500" doc:"What people are shown, in Ukrainian."`
	TitleEnglish      string   `json:"title_en" minLength:"1" maxLength:"500"`
	Scope             []string `json:"scope,omitempty" nullable:"false" doc:"The scopes that it knows: a token for it has no other. None: any."`
	IsOpen            bool     `json:"is_open,omitempty" doc:"Whether any client may ask for it; else those that have it among the audience of their metadata."`
	ClientID          string   `json:"client_id,omitempty" maxLength:"255" doc:"The client as which it asks about the tokens that it was sent."`
	AccessTokenFormat string   `json:"access_token_format,omitempty" enum:"jwt,opaque" doc:"The form of its access tokens; absent: as the policy of the client says."`
	AccessLifetime    int64    `json:"access_lifetime,omitempty" minimum:"0" maximum:"2678400" doc:"The longest life of its access tokens in seconds; absent: as the policy of the client says."`
}

// NewResource is a stored resource as the API has it.
func NewResource(r storage.Resource) Resource {
	return Resource{
		Identifier: r.Identifier, TitleUkrainian: r.TitleUkrainian, TitleEnglish: r.TitleEnglish, Scope: r.Scope,
		IsOpen: r.IsOpen, ClientID: r.ClientID, AccessTokenFormat: r.AccessTokenFormat,
		AccessLifetime: int64(r.AccessLifetime / time.Second),
	}
}

// Stored is the resource as the store has it.
func (r Resource) Stored() storage.Resource {
	return storage.Resource{
		Identifier: r.Identifier, TitleUkrainian: r.TitleUkrainian, TitleEnglish: r.TitleEnglish, Scope: r.Scope,
		IsOpen: r.IsOpen, ClientID: r.ClientID, AccessTokenFormat: r.AccessTokenFormat,
		AccessLifetime: time.Duration(r.AccessLifetime) * time.Second,
	}
}

const (
	resourceTag  = "resources"
	resourcePath = "/resources"
)

// resources are the operations on resources.
type resources struct{ *API }

func (a resources) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-resources", Method: http.MethodGet, Path: resourcePath, Tags: []string{resourceTag},
		Summary: "List the resources that access tokens may be for, in the order of their identifiers",
	}, a.listResources)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "put-resource", Method: http.MethodPut, Path: resourcePath, Tags: []string{resourceTag},
		Summary: "Store a resource, over one of the same identifier", Description: "Tokens that are out stay as they are.",
	}, a.putResource)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "delete-resource", Method: http.MethodDelete, Path: resourcePath, Tags: []string{resourceTag},
		Summary: "Delete a resource", Errors: []int{http.StatusNotFound},
		Description: "Clients that have it among the audience of their metadata may still ask for it.",
	}, a.deleteResource)
}

func (a resources) listResources(ctx context.Context, _ *struct{}) (*listOutput[Resource], error) {
	listed, err := a.store.ListResources(ctx)
	if err != nil {
		return nil, err
	}
	return whole(listed, NewResource), nil
}

type putResourceInput struct{ Body Resource }

type resourceOutput struct{ Body Resource }

func (a resources) putResource(ctx context.Context, in *putResourceInput) (*resourceOutput, error) {
	resource := in.Body.Stored()
	if err := resource.Validate(); err != nil {
		return nil, invalid("body", err.Error(), in.Body.Identifier)
	}
	for name, title := range map[string]string{"title_uk": in.Body.TitleUkrainian, "title_en": in.Body.TitleEnglish} {
		if err := registration.ValidateText(title); err != nil {
			return nil, invalid("body."+name, err.Error(), title)
		}
	}
	for i, scope := range resource.Scope {
		if err := registration.ValidateScope(scope); err != nil {
			return nil, invalid(fmt.Sprintf("body.scope[%d]", i), err.Error(), scope)
		}
	}
	err := a.store.PutResource(ctx, resource)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, invalid("body.client_id", "there is no such client", in.Body.ClientID)
	}
	if err != nil {
		return nil, err
	}
	return &resourceOutput{Body: NewResource(resource)}, nil
}

type resourceQuery struct {
	Identifier string `query:"identifier" required:"true" minLength:"1" maxLength:"512" doc:"The identifier of the resource."`
}

func (a resources) deleteResource(ctx context.Context, in *resourceQuery) (*struct{}, error) {
	err := a.store.DeleteResource(ctx, in.Identifier)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, notFound("The resource")
	}
	return nil, err
}
