package admin

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// Problem is the body of every answer that is an error (RFC 9457).
type Problem struct {
	Title     string          `json:"title" doc:"What the status means."`
	Status    int             `json:"status" doc:"The status of the answer."`
	Detail    string          `json:"detail" doc:"What was wrong with this request, for a person."`
	RequestID string          `json:"request_id" doc:"The id of the request, as the log and the audit have it."`
	Errors    []ProblemDetail `json:"errors,omitempty" doc:"Each single fault of a request that is not valid."`

	cause error // for the log
}

// ProblemDetail is one fault of a request.
type ProblemDetail struct {
	Message  string `json:"message" doc:"What is wrong, and what is expected."`
	Location string `json:"location,omitempty" doc:"Where it is: query.limit, body.email, header.If-Match."`
	Value    any    `json:"value,omitempty" doc:"What was received there, unless it may be a secret."`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap is the private cause.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// The library makes every error of its own by this function.
func init() {
	huma.NewError = func(status int, detail string, faults ...error) huma.StatusError {
		return newProblem(status, detail, faults...)
	}
}

func newProblem(status int, detail string, faults ...error) *Problem {
	p := &Problem{Title: http.StatusText(status), Status: status, Detail: detail}
	for _, fault := range faults {
		if fault == nil {
			continue
		}
		detail := ProblemDetail{Message: fault.Error()}
		var located huma.ErrorDetailer
		if errors.As(fault, &located) {
			d := located.ErrorDetail()
			detail = ProblemDetail{Message: d.Message, Location: d.Location, Value: shownValue(d.Location, d.Value)}
		}
		p.Errors = append(p.Errors, detail)
	}
	return p
}

// longestShownValue bounds what a problem repeats of a request, in bytes.
const longestShownValue = 200

// shownValue is a received value as a problem repeats it; nil for one that may be or hold a secret.
func shownValue(location string, value any) any {
	for _, secret := range []string{"password", "secret", "token"} {
		if strings.Contains(location, secret) {
			return nil
		}
	}
	switch v := value.(type) {
	case string:
		return strings.ToValidUTF8(v[:min(len(v), longestShownValue)], "")
	case bool, int, int64, float64:
		return v
	}
	return nil
}

// invalid is the problem of a request with one fault.
func invalid(location, message string, value any) *Problem {
	return newProblem(http.StatusUnprocessableEntity, "The request is not valid.",
		&huma.ErrorDetail{Message: message, Location: location, Value: value})
}

func notFound(what string) *Problem {
	return newProblem(http.StatusNotFound, what+" does not exist.")
}

func conflict(detail string) *Problem { return newProblem(http.StatusConflict, detail) }

// retryAfter is how long a client waits that finds the database away, in seconds.
const retryAfter = "5"

// asProblem makes an error of an operation one that can be answered. Only a Problem has words for the client.
func asProblem(err error) error {
	var problem *Problem
	if errors.As(err, &problem) {
		return err
	}
	var withStatus huma.StatusError
	if errors.As(err, &withStatus) {
		return err
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		problem = newProblem(http.StatusNotFound, "There is nothing at this address.")
	case errors.Is(err, storage.ErrConflict):
		problem = conflict("It exists already, or is in that state already.")
	case errors.Is(err, storage.ErrCursor):
		problem = invalid("query.cursor", "is not a cursor of this list: take next_cursor of the page before, or none", nil)
	case errors.Is(err, storage.ErrUnavailable):
		problem = newProblem(http.StatusServiceUnavailable, "The database does not answer now; try again later.")
		problem.cause = err
		return huma.ErrorWithHeaders(problem, http.Header{"Retry-After": {retryAfter}})
	default:
		problem = newProblem(http.StatusInternalServerError, "An unexpected error occurred.")
	}
	problem.cause = err
	return problem
}

// complete gives a problem the id of its request, and notes it for the log.
func (p *Problem) complete(ctx context.Context) {
	p.RequestID = inbound.RequestFrom(ctx).ShownID()
	level := slog.LevelInfo
	if p.Status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	cause := p.cause
	if cause == nil {
		cause = p
	}
	inbound.RecordOf(ctx).Failed(level, strings.ReplaceAll(strings.ToLower(p.Title), " ", "_"), cause)
}

// write answers with a problem before an operation was found.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	p.complete(r.Context())
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // a client that has left needs no answer
}
