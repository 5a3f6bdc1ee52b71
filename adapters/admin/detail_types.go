package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/details"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// DetailType is a type of authorization details (RFC 9396).
type DetailType struct {
	Type           string                `json:"type" minLength:"1" maxLength:"200"`
	TitleUkrainian string                `json:"title_uk" doc:"What people are shown, in Ukrainian."`
	TitleEnglish   string                `json:"title_en"`
	IsOpen         bool                  `json:"is_open,omitempty" doc:"Whether any client may use it; else those that have it in their metadata."`
	WithoutUser    bool                  `json:"without_user,omitempty" doc:"Whether a client may have such details on its own behalf."`
	Fields         []storage.DetailField `json:"fields,omitempty" nullable:"false" doc:"What objects of the type may hold: docs/authorization-details.md."`
}

// NewDetailType is a stored type as the API has it.
func NewDetailType(t storage.DetailType) DetailType { return DetailType(t) }

// Stored is the type as the store has it.
func (t DetailType) Stored() storage.DetailType { return storage.DetailType(t) }

const (
	detailTypeTag  = "authorization details"
	detailTypePath = "/authorization-details-types"
)

// detailTypes are the operations on types of authorization details.
type detailTypes struct{ *API }

func (a detailTypes) register() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-authorization-details-types", Method: http.MethodGet, Path: detailTypePath,
		Tags: []string{detailTypeTag}, Summary: "List the types of authorization details, in the order of their names",
	}, a.listDetailTypes)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "put-authorization-details-type", Method: http.MethodPut, Path: detailTypePath,
		Tags: []string{detailTypeTag}, Summary: "Store a type, over one of the same name",
		Description: "What was granted and does not fit the type any more is in no token that is issued from then on.",
	}, a.putDetailType)
	register(a.API, operator.Clients, huma.Operation{
		OperationID: "delete-authorization-details-type", Method: http.MethodDelete, Path: detailTypePath,
		Tags: []string{detailTypeTag}, Summary: "Delete a type", Errors: []int{http.StatusNotFound},
		Description: "What was granted of it is in no token that is issued from then on.",
	}, a.deleteDetailType)
}

func (a detailTypes) listDetailTypes(ctx context.Context, _ *struct{}) (*listOutput[DetailType], error) {
	types, err := a.store.ListDetailTypes(ctx)
	if err != nil {
		return nil, err
	}
	return whole(types, NewDetailType), nil
}

type putDetailTypeInput struct{ Body DetailType }

type detailTypeOutput struct{ Body DetailType }

func (a detailTypes) putDetailType(ctx context.Context, in *putDetailTypeInput) (*detailTypeOutput, error) {
	if err := details.ValidateType(in.Body.Stored()); err != nil {
		return nil, invalid("body", err.Error(), in.Body.Type)
	}
	if err := a.store.PutDetailType(ctx, in.Body.Stored()); err != nil {
		return nil, err
	}
	return &detailTypeOutput{Body: in.Body}, nil
}

type detailTypeQuery struct {
	Type string `query:"type" required:"true" minLength:"1" maxLength:"200" doc:"The name of the type."`
}

func (a detailTypes) deleteDetailType(ctx context.Context, in *detailTypeQuery) (*struct{}, error) {
	err := a.store.DeleteDetailType(ctx, in.Type)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, notFound("The type")
	}
	return nil, err
}
