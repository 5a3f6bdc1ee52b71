package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// Once lets a creation be sent again without making a second resource.
type Once struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"A text of the caller's choice. For a day, the same key with the same body answers with what it made, without secrets; with another body it is refused."`
	// RawBody is the body, byte by byte.
	RawBody []byte
}

// created is the id of what a creation made, now or by an earlier request with the same key.
type created struct {
	id       string
	repeated bool
}

// create runs write, which makes a resource with the id that was asked for, or a new one, in one transaction, once for
// each key of the operator. request tells creations of different kinds apart.
func (a *API) create(
	ctx context.Context, o Once, id, request string, write func(ctx context.Context, id string) error,
) (made created, err error) {
	if uuid.Validate(id) == nil {
		id = strings.ToLower(id)
	}
	made.id = cmp.Or(id, a.store.NewID())
	var key storage.IdempotencyKey
	if o.Key != "" {
		who, _ := operator.From(ctx)
		// Not in the transaction: it may make the key of the MACs.
		key, err = a.store.NewIdempotencyKey(ctx, who.ID+" "+who.Name, o.Key, request+" "+string(o.RawBody))
		if err != nil {
			return created{}, err
		}
	}
	err = a.store.Together(ctx, func(ctx context.Context) error {
		if o.Key == "" {
			return write(ctx, made.id)
		}
		earlier, err := a.store.UseIdempotencyKey(ctx, key, made.id)
		switch {
		case errors.Is(err, storage.ErrUsed):
			return invalid("header.Idempotency-Key", "was used for another request within a day", o.Key)
		case err != nil:
			return err
		case earlier != "":
			made = created{id: earlier, repeated: true}
			return nil
		}
		return write(ctx, made.id)
	})
	return made, err
}

// explain says of an error in reading what was made whether it is gone since.
func (c created) explain(err error) error {
	if c.repeated && errors.Is(err, storage.ErrNotFound) {
		return newProblem(http.StatusGone, "What was made with this Idempotency-Key was deleted meanwhile.")
	}
	return err
}

// creationErrors are what a creation may be answered with because of its key.
var creationErrors = []int{http.StatusGone}
