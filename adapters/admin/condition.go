package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Condition is the precondition of a change (RFC 9110 section 13.1.1). It is required, so that nobody undoes what
// somebody else did meanwhile. The library's own compares weakly, which is not allowed here.
type Condition struct {
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag of the resource as it was read; * for any. Required."`
}

// check compares the condition with the tag of the resource as it is.
func (c Condition) check(tag string) error {
	switch {
	case c.IfMatch == "":
		return newProblem(http.StatusPreconditionRequired,
			"A change needs the header If-Match with the ETag that reading the resource gave, or with *.")
	case strings.TrimSpace(c.IfMatch) == "*":
		return nil
	}
	given := strings.Split(c.IfMatch, ",")
	for i, value := range given {
		given[i] = strings.TrimSpace(value)
	}
	if !slices.Contains(given, tag) {
		return newProblem(http.StatusPreconditionFailed,
			"The resource was changed since it was read: its ETag is "+tag+" now, not "+c.IfMatch+".")
	}
	return nil
}

// tagOf is the ETag of a resource, which differs with each member of it.
func tagOf(resource any) string {
	encoded, err := json.Marshal(resource)
	if err != nil {
		panic("admin: ETag: " + err.Error()) // it is made of the types of this package alone
	}
	sum := sha256.Sum256(encoded)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// change runs write in one transaction with the check of its condition. hold keeps others from the row meanwhile, and
// read is the resource as the condition means it.
func (a *API) change(
	ctx context.Context, c Condition, hold func(context.Context) error,
	read func(context.Context) (any, error), write func(context.Context) error,
) error {
	return a.store.Together(ctx, func(ctx context.Context) error {
		if err := hold(ctx); err != nil {
			return err
		}
		current, err := read(ctx)
		if err != nil {
			return err
		}
		if err := c.check(tagOf(current)); err != nil {
			return err
		}
		return write(ctx)
	})
}

// conditionErrors are what a change may be answered with because of its condition.
var conditionErrors = []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}
