package console

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// pageError is answered with a page. Its key names the text.
type pageError struct {
	status int
	key    string
	detail string // shown small, such as the right that is missing
	link   string // to the sign-in, where that helps
	back   string // the page to which it leads back; "" for the first one
	cause  error  // for the log
}

// Error is for the log.
func (e *pageError) Error() string {
	if e.cause != nil {
		return e.key + ": " + e.cause.Error()
	}
	return e.key
}

// Unwrap is the private cause.
func (e *pageError) Unwrap() error { return e.cause }

var (
	errNoPage      = &pageError{status: http.StatusNotFound, key: "error.no_page"}
	errCrossOrigin = &pageError{status: http.StatusForbidden, key: "error.cross_origin"}
	errForm        = &pageError{status: http.StatusBadRequest, key: "error.form"}
)

// asPageError says what a person is told of an error; of one that is not expected, no more than that there was one.
func asPageError(err error) *pageError {
	var known *pageError
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, storage.ErrNotFound):
		return &pageError{status: http.StatusNotFound, key: "error.not_found", cause: err}
	case errors.Is(err, storage.ErrCursor):
		return &pageError{status: http.StatusBadRequest, key: "error.cursor", cause: err}
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, inbound.ErrOverloaded), errors.Is(err, inbound.ErrBusy),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &pageError{status: http.StatusServiceUnavailable, key: "error.unavailable", cause: err}
	}
	return &pageError{status: http.StatusInternalServerError, key: "error.unexpected", cause: err}
}

// fail writes the page of an error and logs its cause.
func (c *Console) fail(w http.ResponseWriter, r *http.Request, err error) {
	page := asPageError(err)
	level := slog.LevelInfo
	if page.status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	inbound.RecordOf(r.Context()).Failed(level, page.key, page.cause)
	v := c.newView(w, r)
	v.Title = v.T("error.title")
	m := message{
		Alert: v.T(page.key), Detail: page.detail, RequestID: inbound.ShownRequestID(r),
		Links: []link{{v.T("error.home"), Root}},
	}
	if page.back != "" {
		m.Links = []link{{v.T("action.back"), page.back}}
	}
	if page.link != "" {
		m.Links = []link{{v.T("error.sign_in"), page.link}}
	}
	if page.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if err := v.write(page.status, "message.html", m); err != nil {
		c.logger.LogAttrs(r.Context(), slog.LevelError, "error page of the console failed", slog.Any("error", err))
		http.Error(w, http.StatusText(page.status), page.status)
	}
}
