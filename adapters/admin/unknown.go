package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// refuseUnknownParameters refuses a query with a parameter that the operation does not have, or has one value of: who
// asks with a filter decides by the answer, and a filter that is dropped in silence answers about everybody.
func (a *API) refuseUnknownParameters(ctx huma.Context, next func(huma.Context)) {
	known := []string{}
	for _, parameter := range ctx.Operation().Parameters {
		if parameter.In == "query" {
			known = append(known, parameter.Name)
		}
	}
	address := ctx.URL()
	var faults []error
	for name, values := range address.Query() {
		switch {
		case !slices.Contains(known, name):
			faults = append(faults, &huma.ErrorDetail{Message: "unknown parameter; " + listKnown(known),
				Location: "query." + name})
		case len(values) > 1:
			faults = append(faults, &huma.ErrorDetail{Message: "has more than one value", Location: "query." + name})
		}
	}
	if len(faults) > 0 {
		slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
		_ = huma.WriteErr(a.huma, ctx, http.StatusUnprocessableEntity, "The request is not valid.", faults...)
		return
	}
	next(ctx)
}

func listKnown(names []string) string {
	if len(names) == 0 {
		return "none is known"
	}
	slices.Sort(names)
	return "known: " + strings.Join(names, ", ")
}

// unexpectedMember is what the library says of a member that the schema of a body does not have.
const unexpectedMember = "unexpected property"

// completeProblem gives every problem its request id, and says of unknown members which are known.
func (a *API) completeProblem(ctx huma.Context, _ string, body any) (any, error) {
	problem, isProblem := body.(*Problem)
	if !isProblem {
		return body, nil
	}
	for i, fault := range problem.Errors {
		if fault.Message == unexpectedMember {
			problem.Errors[i].Message = "unknown member; " + listKnown(a.membersOf(ctx.Operation(), fault.Location))
			problem.Errors[i].Value = nil
		}
	}
	if problem.Detail == "validation failed" {
		problem.Detail = fmt.Sprintf("The request is not valid in %d places.", len(problem.Errors))
		if len(problem.Errors) == 1 {
			problem.Detail = "The request is not valid."
		}
	}
	problem.complete(ctx.Context())
	return problem, nil
}

// membersOf are the members that the body of an operation has where a location stands.
func (a *API) membersOf(o *huma.Operation, location string) []string {
	if o.RequestBody == nil || o.RequestBody.Content["application/json"] == nil {
		return nil
	}
	schema := a.resolve(o.RequestBody.Content["application/json"].Schema)
	path := strings.Split(location, ".")
	for _, name := range path[1:max(len(path)-1, 1)] {
		if schema == nil || schema.Properties[name] == nil {
			return nil
		}
		schema = a.resolve(schema.Properties[name])
	}
	var names []string
	if schema != nil {
		for name := range schema.Properties {
			names = append(names, name)
		}
	}
	return names
}

func (a *API) resolve(schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}
