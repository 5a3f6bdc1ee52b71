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
// have to say about the Code, and not at all with a status of 500 or more. It is an error, so that Fail takes it as any
// other.
type ErrorPage struct {
	Status    int    // of the response
	Title     string // default: what fits the status
	Code      string // the error code of the protocol, shown small; the common ones are message keys too
	Message   string
	Detail    string // more about it; a message key
	Received  string // what the request had
	Expected  string // what it should have had
	Hint      string // what the person can do
	UILocales string
	// Level and Cause are what the log says; a person sees neither.
	Level slog.Level
	Cause error
}

// Error is for the log.
func (p *ErrorPage) Error() string { return p.Code + ": " + p.Cause.Error() }

// Unwrap is the private cause.
func (p *ErrorPage) Unwrap() error { return p.Cause }

var (
	errCrossOrigin   = errors.New("login: another site submitted the form")
	errNoPage        = errors.New("login: no such page")
	errUnknownClient = errors.New("login: the client of the pending request is gone")
	errTooLarge      = errors.New("login: the pending request is too large")
	errChangeOver    = errors.New("login: the change of the account is over, or not of this session")
	errNotTheirs     = errors.New("login: no such session or approval of this user")
	errMalformedForm = errors.New("login: the form is malformed")
	errFormTooLarge  = errors.New("login: the form is too large")
)

// eventError is what a page of an error is counted as.
const eventError = "error"

// publicError is what a person is told of an error of the pages.
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
	{identity.ErrNoPasskey, http.StatusForbidden, "access_denied", MessageNoPasskey, slog.LevelInfo},
	{errCodeBlocked, http.StatusForbidden, "access_denied", MessageCodeBlocked, slog.LevelInfo},
	{errUserBlocked, http.StatusForbidden, "access_denied", MessageUserBlocked, slog.LevelInfo},
	{errSignatureTooLarge, http.StatusRequestEntityTooLarge, "invalid_request", MessageSignatureTooLarge, slog.LevelInfo},
	{errMalformedForm, http.StatusBadRequest, "invalid_request", MessageRequestDamaged, slog.LevelInfo},
	{errFormTooLarge, http.StatusRequestEntityTooLarge, "invalid_request", MessageRequestDamaged, slog.LevelInfo},
	{errQuestionLimit, http.StatusTooManyRequests, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{errQuestionsBusy, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{identity.ErrAuthorityService, http.StatusForbidden, "access_denied", MessageRequestDamaged, slog.LevelInfo},
	{identity.ErrAuthorityQuestion, http.StatusUnsupportedMediaType, "invalid_request", MessageRequestDamaged,
		slog.LevelInfo},
	{identity.ErrAuthorityAway, http.StatusBadGateway, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{errTooLarge, http.StatusRequestURITooLong, "invalid_request", MessageRequestTooLarge, slog.LevelInfo},
	{errCrossOrigin, http.StatusForbidden, "access_denied", MessageCrossOrigin, slog.LevelWarn},
	{errChangeOver, http.StatusBadRequest, "invalid_request", MessageChangeOver, slog.LevelInfo},
	{errNotTheirs, http.StatusNotFound, "not_found", MessageNotTheirs, slog.LevelInfo},
	{errNoPage, http.StatusNotFound, "not_found", MessageNoPage, slog.LevelInfo},
	{storage.ErrUnavailable, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{inbound.ErrOverloaded, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{identity.ErrBusy, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelWarn},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable,
		slog.LevelWarn},
	{context.Canceled, http.StatusServiceUnavailable, "temporarily_unavailable", MessageUnavailable, slog.LevelInfo},
}

// Fail writes the page of an error and logs its cause: an *ErrorPage of package provider as it is, any other, which is
// one of the pages, as failures says, and counted. Of an error that it does not know, a person sees no more than that
// there was one.
func (l *layout) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var page *ErrorPage
	if !errors.As(err, &page) {
		page = errorPageOf(err)
		l.count(eventError)
	}
	inbound.RecordOf(r.Context()).Failed(page.Level, page.Code, page.Cause)
	l.writeErrorPage(w, r, *page)
}

// errorPageOf is the page of an error of the pages.
func errorPageOf(err error) *ErrorPage {
	for _, known := range failures {
		if errors.Is(err, known.err) {
			return &ErrorPage{Status: known.status, Code: known.code, Message: known.message, Level: known.level, Cause: err}
		}
	}
	return &ErrorPage{
		Status: http.StatusInternalServerError, Code: "server_error", Message: MessageUnexpected, Level: slog.LevelError,
		Cause: err,
	}
}

type errorView struct {
	ErrorPage
	Developer string // a Message in plain words, which are English
	RequestID string
}

// writeErrorPage asks with 503 to come again in a few seconds.
func (l *layout) writeErrorPage(w http.ResponseWriter, r *http.Request, page ErrorPage) {
	status := page.Status
	v := l.newView(w, r, page.UILocales)
	if page.Title == "" {
		page.Title = v.Messages.Failed
		if status == http.StatusServiceUnavailable {
			page.Title = v.Messages.Unavailable
		}
	}
	body := errorView{ErrorPage: page, RequestID: l.requestID(r)}
	if v.Messages.ByKey[page.Message] == "" && v.Messages.ByKey[page.Code] != "" {
		body.Message = page.Code
		if status < http.StatusInternalServerError {
			body.Developer = page.Message
		}
	}
	if page.Message == MessageChangeOver || page.Message == MessageNoPasskey {
		v.Links = v.accountLink()
	}
	if tellsToAsk[body.Message] {
		v.showContact()
	}
	for _, item := range []*string{&body.Title, &body.Message, &body.Detail, &body.Hint} {
		if known := v.Messages.ByKey[*item]; known != "" {
			*item = known
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
