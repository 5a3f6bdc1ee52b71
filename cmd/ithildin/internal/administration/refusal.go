package administration

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ithildin/adapters/admin"
	"ithildin/storage"
)

// Refusal is a problem that a server answered with. errors.Is knows it as storage.ErrNotFound and storage.ErrConflict.
type Refusal struct{ admin.Problem }

// Error says what was wrong, and by which number the log of the server has the request.
func (r *Refusal) Error() string {
	parts := []string{strings.TrimSuffix(r.Detail, ".")}
	for _, fault := range r.Errors {
		parts = append(parts, strings.TrimPrefix(fault.Location, "body.")+" "+fault.Message)
	}
	return fmt.Sprintf("%s (request %s)", strings.Join(parts, "; "), r.RequestID)
}

// Unwrap is the error of the store that the status stands for, nil for any other.
func (r *Refusal) Unwrap() error {
	switch r.Status {
	case http.StatusNotFound, http.StatusGone:
		return storage.ErrNotFound
	case http.StatusConflict:
		return storage.ErrConflict
	}
	return nil
}

// refusedWith is the status of a refusal, 0 for any other error.
func refusedWith(err error) int {
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused.Status
	}
	return 0
}
