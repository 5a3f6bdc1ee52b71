package login

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// ErrorPage tells a person what went wrong. Title, Message and Hint are message keys (Message…), which are shown in the
// person's language, or plain words, which are shown as they are. A Message in plain words comes after what the pages
// have to say about the Code, and not at all with a status of 500 or more.
type ErrorPage struct {
	Title     string // default: what fits the status
	Code      string // the error code of the protocol, shown small; the common ones are message keys too
	Message   string
	Detail    string // more about it; a message key
	Received  string // what the request had
	Expected  string // what it should have had
	Hint      string // what the person can do
	UILocales string
}

var (
	errCrossOrigin   = errors.New("login: another site submitted the form")
	errNoPage        = errors.New("login: no such page")
	errUnknownClient = errors.New("login: the client of the pending request is gone")
	errTooLarge      = errors.New("login: the pending request is too large")
	errNotTheirs     = errors.New("login: no such session or approval of this user")
	errMalformedForm = errors.New("login: the form is malformed")
	errFormTooLarge  = errors.New("login: the form is too large")
)

// eventError is what a page of an error is counted as.
const eventError = "error"

// publicError is the public face of an error.
type publicError struct {
	err     error
	status  int
	code    string
	message string
	level   slog.Level
}

// failures are looked through in order; what is not among them is a fault of this program.
var failures = []publicError{
	{inbound.ErrBusy, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{ErrPendingExpired, http.StatusBadRequest, "invalid_request", MessagePendingExpired, slog.LevelInfo},
	{ErrPendingForeign, http.StatusBadRequest, "invalid_request", MessagePendingForeign, slog.LevelInfo},
	{errUnknownClient, http.StatusBadRequest, "invalid_client", MessageClientUnknown, slog.LevelInfo},
	{identity.ErrNoFactor, http.StatusForbidden, "access_denied", MessageNoFactor, slog.LevelInfo},
	{errCodeBlocked, http.StatusForbidden, "access_denied", MessageCodeBlocked, slog.LevelInfo},
	{errUserBlocked, http.StatusForbidden, "access_denied", MessageUserBlocked, slog.LevelInfo},
	{errSignatureTooLarge, http.StatusRequestEntityTooLarge, "invalid_request", MessageSignatureTooLarge, slog.LevelInfo},
	{errMalformedForm, http.StatusBadRequest, "invalid_request", MessageRequestDamaged, slog.LevelInfo},
	{errFormTooLarge, http.StatusRequestEntityTooLarge, "invalid_request", MessageRequestDamaged, slog.LevelInfo},
	{errTooLarge, http.StatusRequestURITooLong, "invalid_request", MessageRequestTooLarge, slog.LevelInfo},
	{errCrossOrigin, http.StatusForbidden, "access_denied", MessageCrossOrigin, slog.LevelWarn},
	{errNotTheirs, http.StatusNotFound, "not_found", MessageNotTheirs, slog.LevelInfo},
	{errNoPage, http.StatusNotFound, "not_found", MessageNoPage, slog.LevelInfo},
	{storage.ErrUnavailable, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{inbound.ErrOverloaded, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{identity.ErrBusy, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable,
		slog.LevelWarn},
	{context.Canceled, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelInfo},
}

// Fail writes the page of an error, logs its cause and counts it. Package provider gives it what Pending, Suspend and
// Login return. Of an error that it does not know, a person sees no more than that there was one.
func (l *layout) Fail(w http.ResponseWriter, r *http.Request, err error) {
	f := publicError{err, http.StatusInternalServerError, "server_error", MessageUnexpected, slog.LevelError}
	for _, known := range failures {
		if errors.Is(err, known.err) {
			f = known
			break
		}
	}
	l.count(eventError)
	inbound.RecordOf(r.Context()).Failed(f.level, f.code, err)
	l.Error(w, r, f.status, ErrorPage{Code: f.code, Message: f.message})
}

type errorView struct {
	ErrorPage
	Developer string // a Message in plain words, which are English
	RequestID string
}

// Error writes an error page. With 503 it asks to come again in a few seconds.
func (l *layout) Error(w http.ResponseWriter, r *http.Request, status int, page ErrorPage) {
	v := l.newView(w, r, page.UILocales)
	if page.Title == "" {
		page.Title = v.Words.Failed
		if status == http.StatusServiceUnavailable {
			page.Title = v.Words.Unavailable
		}
	}
	body := errorView{ErrorPage: page, RequestID: l.requestID(r)}
	if v.Words.Messages[page.Message] == "" && v.Words.Messages[page.Code] != "" {
		body.Message = page.Code
		if status < http.StatusInternalServerError {
			body.Developer = page.Message
		}
	}
	for _, text := range []*string{&body.Title, &body.Message, &body.Detail, &body.Hint} {
		if known := v.Words.Messages[*text]; known != "" {
			*text = known
		}
	}
	if status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", "5")
	}
	v.Title, v.Page = body.Title, body
	if err := v.write(w, status, "error.html"); err != nil {
		l.logger.LogAttrs(r.Context(), slog.LevelError, "error page failed",
			slog.String("request_id", l.requestID(r)), slog.Any("error", err))
		http.Error(w, http.StatusText(status), status)
	}
}
