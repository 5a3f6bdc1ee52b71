package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// ScopeSet is a role, which names what its holders may grant, or a client type, which names what its clients may
// request.
type ScopeSet struct {
	ID    string   `json:"id" format:"uuid"`
	Name  string   `json:"name"`
	Scope []string `json:"scope" nullable:"false"`
}

// scopeSets are the operations on roles, or on client types.
type scopeSets struct {
	api    *API
	name   string // of one, in ids of operations
	path   string
	words  string // of one, in summaries
	right  operator.Right
	effect string // what else a change does
	list   func(context.Context) ([]ScopeSet, error)
	hold   func(ctx context.Context, id string) error
	make   func(context.Context, ScopeSet) error
	update func(context.Context, ScopeSet) error
	delete func(ctx context.Context, id string) error
}

func (a *API) registerRoles() {
	store := a.store
	scopeSets{
		api: a, name: "role", path: "/roles", words: "role", right: operator.Users,
		effect: "Live opaque access tokens of holders with a scope that the role loses end.",
		list: func(ctx context.Context) ([]ScopeSet, error) {
			roles, err := store.ListRoles(ctx)
			return objects(roles, func(r storage.Role) ScopeSet { return newScopeSet(r.ID, r.Name, r.Scope) }), err
		},
		hold:   store.HoldRole,
		make:   func(ctx context.Context, s ScopeSet) error { return store.CreateRole(ctx, s.role()) },
		update: func(ctx context.Context, s ScopeSet) error { return store.UpdateRole(ctx, s.role()) },
		delete: store.DeleteRole,
	}.register()
	scopeSets{
		api: a, name: "client-type", path: "/client-types", words: "client type", right: operator.Clients,
		effect: "It counts for each client of the type with its next request.",
		list: func(ctx context.Context) ([]ScopeSet, error) {
			types, err := store.ListClientTypes(ctx)
			return objects(types, func(t storage.ClientType) ScopeSet { return newScopeSet(t.ID, t.Name, t.Scope) }), err
		},
		hold: store.HoldClientType,
		make: func(ctx context.Context, s ScopeSet) error { return store.CreateClientType(ctx, s.clientType()) },
		update: func(ctx context.Context, s ScopeSet) error {
			return store.UpdateClientType(ctx, s.clientType())
		},
		delete: store.DeleteClientType,
	}.register()
}

func newScopeSet(id, name string, scope []string) ScopeSet {
	return ScopeSet{ID: id, Name: name, Scope: append([]string{}, scope...)}
}

func (s ScopeSet) role() storage.Role { return storage.Role{ID: s.ID, Name: s.Name, Scope: s.Scope} }

func (s ScopeSet) clientType() storage.ClientType {
	return storage.ClientType{ID: s.ID, Name: s.Name, Scope: s.Scope}
}

// objects are what an answer shows of rows.
func objects[R, T any](rows []R, object func(R) T) []T {
	list := make([]T, len(rows))
	for i, row := range rows {
		list[i] = object(row)
	}
	return list
}

func (s scopeSets) register() {
	a, tags, one := s.api, []string{s.name + "s"}, s.path+"/{id}"
	register(a, operator.Read, huma.Operation{
		OperationID: "list-" + s.name + "s", Method: http.MethodGet, Path: s.path, Tags: tags,
		Summary: "List every " + s.words + ", in the order of names",
	}, s.serveList)
	register(a, s.right, huma.Operation{
		OperationID: "create-" + s.name, Method: http.MethodPost, Path: s.path, Tags: tags,
		Summary: "Create a " + s.words, DefaultStatus: http.StatusCreated, Errors: creationErrors,
	}, s.serveCreate)
	register(a, operator.Read, huma.Operation{
		OperationID: "get-" + s.name, Method: http.MethodGet, Path: one, Tags: tags, Summary: "Read a " + s.words,
	}, s.serveGet)
	register(a, s.right, huma.Operation{
		OperationID: "update-" + s.name, Method: http.MethodPatch, Path: one, Tags: tags,
		Summary: "Change a " + s.words, Description: s.effect, Errors: conditionErrors,
	}, s.serveUpdate)
	register(a, s.right, huma.Operation{
		OperationID: "delete-" + s.name, Method: http.MethodDelete, Path: one, Tags: tags,
		Summary: "Delete a " + s.words, Errors: append([]int{http.StatusConflict}, conditionErrors...),
	}, s.serveDelete)
}

type scopeSetPath struct {
	ID string `path:"id" format:"uuid"`
}

type scopeSetOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     ScopeSet
}

func (s scopeSets) find(ctx context.Context, id string) (ScopeSet, error) {
	all, err := s.list(ctx)
	if err != nil {
		return ScopeSet{}, err
	}
	i := slices.IndexFunc(all, func(one ScopeSet) bool { return strings.EqualFold(one.ID, id) })
	if i < 0 {
		return ScopeSet{}, notFound("The " + s.words)
	}
	return all[i], nil
}

func (s scopeSets) output(ctx context.Context, id string) (*scopeSetOutput, error) {
	found, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return &scopeSetOutput{ETag: tagOf(found), Body: found}, nil
}

func (s scopeSets) serveList(ctx context.Context, _ *struct{}) (*listOutput[ScopeSet], error) {
	all, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	return whole(all, func(one ScopeSet) ScopeSet { return one }), nil
}

func (s scopeSets) serveGet(ctx context.Context, in *scopeSetPath) (*scopeSetOutput, error) {
	return s.output(ctx, in.ID)
}

// NewScopeSet is what a role or a client type is created with.
type NewScopeSet struct {
	ID    string   `json:"id,omitempty" format:"uuid" doc:"Left out, one is made."`
	Name  string   `json:"name" minLength:"1" maxLength:"500"`
	Scope []string `json:"scope" maxItems:"1000"`
}

type createScopeSetInput struct {
	Once
	Body NewScopeSet
}

func (s scopeSets) serveCreate(ctx context.Context, in *createScopeSetInput) (*scopeSetOutput, error) {
	if err := checkScopeSet(ctx, in.Body.Name, in.Body.Scope); err != nil {
		return nil, err
	}
	made, err := s.api.create(ctx, in.Once, in.Body.ID, "create-"+s.name, func(ctx context.Context, id string) error {
		return s.taken(s.make(ctx, newScopeSet(id, in.Body.Name, in.Body.Scope)))
	})
	if err != nil {
		return nil, err
	}
	out, err := s.output(ctx, made.id)
	if err != nil {
		return nil, made.explain(err)
	}
	out.Location = Prefix + s.path + "/" + made.id
	return out, nil
}

func (s scopeSets) taken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return conflict("A " + s.words + " has this name, or this id, already.")
	}
	return err
}

// checkScopeSet checks the name and the scope of what is to be stored.
func checkScopeSet(ctx context.Context, name string, scope []string) error {
	if err := registration.ValidateText(name); err != nil {
		return invalid("body.name", err.Error(), name)
	}
	for i, one := range scope {
		if err := registration.ValidateScope(one); err != nil {
			return invalid(fmt.Sprintf("body.scope[%d]", i), err.Error(), one)
		}
	}
	return mayGive(ctx, scope)
}

// ScopeSetChange is what of a role or a client type is to be changed.
type ScopeSetChange struct {
	Name  *string   `json:"name,omitempty" minLength:"1" maxLength:"500"`
	Scope *[]string `json:"scope,omitempty" maxItems:"1000"`
}

type updateScopeSetInput struct {
	ID string `path:"id" format:"uuid"`
	Condition
	Body ScopeSetChange
}

func (s scopeSets) serveUpdate(ctx context.Context, in *updateScopeSetInput) (*scopeSetOutput, error) {
	err := s.change(ctx, in.ID, in.Condition, func(ctx context.Context, current ScopeSet) error {
		if in.Body.Name != nil {
			current.Name = *in.Body.Name
		}
		if in.Body.Scope != nil {
			current.Scope = *in.Body.Scope
		}
		if err := checkScopeSet(ctx, current.Name, current.Scope); err != nil {
			return err
		}
		return s.taken(s.update(ctx, current))
	})
	if err != nil {
		return nil, err
	}
	return s.output(ctx, in.ID)
}

func (s scopeSets) change(
	ctx context.Context, id string, c Condition, write func(context.Context, ScopeSet) error,
) error {
	var current ScopeSet
	return s.api.change(ctx, c, func(ctx context.Context) error { return s.hold(ctx, id) },
		func(ctx context.Context) (_ any, err error) {
			if current, err = s.find(ctx, id); err != nil {
				return nil, err
			}
			return current, mayGive(ctx, current.Scope)
		},
		func(ctx context.Context) error { return write(ctx, current) })
}

type deleteScopeSetInput struct {
	ID string `path:"id" format:"uuid"`
	Condition
}

func (s scopeSets) serveDelete(ctx context.Context, in *deleteScopeSetInput) (*struct{}, error) {
	return nil, s.change(ctx, in.ID, in.Condition, func(ctx context.Context, current ScopeSet) error {
		err := s.delete(ctx, current.ID)
		if errors.Is(err, storage.ErrConflict) {
			return conflict("The " + s.words + " is in use.")
		}
		return err
	})
}
