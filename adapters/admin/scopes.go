package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Scope is an entry of the catalogue of scopes.
type Scope struct {
	Name           string `json:"name"`
	TitleUkrainian string `json:"title_uk" doc:"What people are shown, in Ukrainian."`
	TitleEnglish   string `json:"title_en"`
	GovernedBy     string `json:"governed_by" enum:"role,consent" doc:"Who governs it: the roles of the user, or the consent alone."`
	LoginForm      string `json:"login_form" enum:"password,patient,signature" doc:"The form in which people sign in for it."`
	Assurance      string `json:"assurance" enum:"password,one_time_code,phr,phrh,signature" doc:"How sure one must be of who grants it."`
}

func newScope(s storage.Scope) Scope { return Scope(s) }

const scopeTag = "scopes"

func (a *API) registerScopes() {
	register(a, operator.Read, huma.Operation{
		OperationID: "list-scopes", Method: http.MethodGet, Path: "/scopes", Tags: []string{scopeTag},
		Summary: "List the catalogue of scopes, in the order of names",
	}, a.listScopes)
	register(a, operator.Clients, huma.Operation{
		OperationID: "put-scope", Method: http.MethodPut, Path: "/scopes/{scope}", Tags: []string{scopeTag},
		Summary:     "Store an entry of the catalogue, over one of the same name",
		Description: "Where assurance or form change, people sign in anew for the scope.",
	}, a.putScope)
	register(a, operator.Clients, huma.Operation{
		OperationID: "delete-scope", Method: http.MethodDelete, Path: "/scopes/{scope}", Tags: []string{scopeTag},
		Summary: "Delete an entry of the catalogue", Description: "The scope is governed by roles then.",
	}, a.deleteScope)
}

func (a *API) listScopes(ctx context.Context, _ *struct{}) (*listOutput[Scope], error) {
	scopes, err := a.store.ListScopes(ctx)
	if err != nil {
		return nil, err
	}
	return whole(scopes, newScope), nil
}

// ScopeEntry is what the catalogue is to say of a scope.
type ScopeEntry struct {
	TitleUkrainian string `json:"title_uk" minLength:"1" maxLength:"500"`
	TitleEnglish   string `json:"title_en" minLength:"1" maxLength:"500"`
	GovernedBy     string `json:"governed_by" enum:"role,consent"`
	LoginForm      string `json:"login_form,omitempty" enum:"password,patient,signature" default:"password"`
	Assurance      string `json:"assurance,omitempty" enum:"password,one_time_code,phr,phrh,signature" default:"password"`
}

// ScopePath names a scope.
type ScopePath struct {
	Scope string `path:"scope" minLength:"1" maxLength:"200"`
}

type putScopeInput struct {
	ScopePath
	Body ScopeEntry
}

type scopeOutput struct{ Body Scope }

func (a *API) putScope(ctx context.Context, in *putScopeInput) (*scopeOutput, error) {
	if err := registration.ValidateScope(in.Scope); err != nil {
		return nil, invalid("path.scope", err.Error(), in.Scope)
	}
	for name, title := range map[string]string{"title_uk": in.Body.TitleUkrainian, "title_en": in.Body.TitleEnglish} {
		if err := registration.ValidateText(title); err != nil {
			return nil, invalid("body."+name, err.Error(), title)
		}
	}
	if err := mayGive(ctx, []string{in.Scope}); err != nil {
		return nil, err
	}
	entry := storage.Scope{
		Name: in.Scope, TitleUkrainian: in.Body.TitleUkrainian, TitleEnglish: in.Body.TitleEnglish,
		GovernedBy: in.Body.GovernedBy, LoginForm: in.Body.LoginForm, Assurance: in.Body.Assurance,
	}
	if err := a.store.PutScope(ctx, entry); err != nil {
		return nil, err
	}
	return &scopeOutput{Body: newScope(entry)}, nil
}

func (a *API) deleteScope(ctx context.Context, in *ScopePath) (*struct{}, error) {
	if err := mayGive(ctx, []string{in.Scope}); err != nil {
		return nil, err
	}
	scopes, err := a.store.ListScopes(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(scopes, func(s storage.Scope) bool { return s.Name == in.Scope }) {
		return nil, notFound("The scope")
	}
	return nil, a.store.DeleteScope(ctx, in.Scope)
}
