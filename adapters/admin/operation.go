package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"ithildin/provider/operator"
)

const (
	securityScheme = "bearer"
	rightOfMethod  = "right" // in the metadata of an operation
)

// register adds an operation, for operators who have a right.
func register[I, O any](
	a *API, right operator.Right, o huma.Operation, serve func(context.Context, *I) (*O, error),
) {
	o.Metadata = map[string]any{rightOfMethod: right}
	o.Security = []map[string][]string{{securityScheme: {string(right)}}}
	o.Errors = append(o.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	if strings.Contains(o.Path, "{") {
		o.Errors = append(o.Errors, http.StatusNotFound)
	}
	if o.Method == http.MethodPost || o.Method == http.MethodPatch || o.Method == http.MethodPut {
		o.Errors = append(o.Errors, http.StatusBadRequest, http.StatusConflict, http.StatusRequestTimeout,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	slices.Sort(o.Errors)
	huma.Register(a.huma, o, func(ctx context.Context, in *I) (*O, error) {
		out, err := serve(ctx, in)
		if err != nil {
			return nil, asProblem(err)
		}
		return out, nil
	})
}

// authorize refuses operators who lack the right of an operation, and everybody where it declares none.
func (a *API) authorize(ctx huma.Context, next func(huma.Context)) {
	right, declared := ctx.Operation().Metadata[rightOfMethod].(operator.Right)
	who, _ := operator.From(ctx.Context())
	if declared && who.Has(right) {
		next(ctx)
		return
	}
	ctx.SetHeader("WWW-Authenticate", fmt.Sprintf(`%s, error="insufficient_scope", scope="%s"`, challenge, right))
	detail := fmt.Sprintf("This takes the right %s; %q has %s.", right, who.Name, listRights(who.Rights))
	_ = huma.WriteErr(a.huma, ctx, http.StatusForbidden, detail) // the library reports what fails
}

func listRights(rights []operator.Right) string {
	if len(rights) == 0 {
		return "none"
	}
	names := make([]string, len(rights))
	for i, right := range rights {
		names[i] = string(right)
	}
	return strings.Join(names, ", ")
}

// unknownRoute answers what no operation takes.
func (a *API) unknownRoute(r chi.Routes) http.HandlerFunc {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	return func(w http.ResponseWriter, request *http.Request) {
		path := strings.TrimPrefix(request.URL.Path, Prefix)
		allowed := slices.DeleteFunc(slices.Clone(methods), func(method string) bool {
			pattern := r.Find(chi.NewRouteContext(), method, path)
			return pattern == "" || pattern == "/*"
		})
		if len(allowed) == 0 {
			newProblem(http.StatusNotFound, "There is nothing at this address. Those that there are: "+Prefix+
				descriptionPath+".").write(w, request)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		newProblem(http.StatusMethodNotAllowed, "This address takes "+strings.Join(allowed, ", ")+", not "+
			request.Method+".").write(w, request)
	}
}
