package invitation

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"ithildin/provider/outbound"
	"ithildin/storage"
)

// Scope is that of the session token with which a person answers an employee request.
const Scope = "employee_request:approve employee_request:reject"

const (
	readTimeout  = 5 * time.Second
	writeTimeout = 8 * time.Second // an approval writes in several services
	// maximumAnswer bounds an answer in bytes: an employee request has a person's education and documents.
	maximumAnswer = 256 << 10
	// callsAtOnce bounds the calls that are under way, so that a slow ehealth.api leaves the server to other requests.
	callsAtOnce = 16
)

// Tokens makes the session token with which ehealth.api is told who answers.
type Tokens interface {
	// Issue makes a token of the Scope for the person of a login session.
	Issue(ctx context.Context, login *storage.Login) (string, error)
	// End ends a token.
	End(ctx context.Context, token string) error
}

// Options are what EmployeeRequests take from outside. URL and Tokens are required.
type Options struct {
	URL    string // of ehealth.api, before /api
	Tokens Tokens
	// Count is told when each call began, and how it ended; nil: it was answered. Default none.
	Count func(began time.Time, err error)
	Now   func() time.Time // default time.Now
}

// EmployeeRequests are the invitations that ehealth.api keeps. It is safe for concurrent use.
type EmployeeRequests struct {
	url       string
	tokens    Tokens
	count     func(began time.Time, err error)
	calls     chan struct{}
	now       func() time.Time
	positions positions
	// How long calls may take.
	readTimeout, writeTimeout time.Duration
}

// NewEmployeeRequests makes EmployeeRequests.
func NewEmployeeRequests(o Options) *EmployeeRequests {
	if o.Count == nil {
		o.Count = func(time.Time, error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &EmployeeRequests{
		now: o.Now,
		url: strings.TrimSuffix(o.URL, "/"), tokens: o.Tokens, count: o.Count, calls: make(chan struct{}, callsAtOnce),
		readTimeout: readTimeout, writeTimeout: writeTimeout,
	}
}

// codeForm is that of a code: an encrypted id in base64, of either alphabet.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9+/_-]{1,1000}={0,2}$`)

// ParseCode returns the code of a link, "" where there is none in it. Programs for mail add a mark to the end of a
// link, and in a query a plus stands for a blank.
func ParseCode(given string) string {
	code := strings.ReplaceAll(given, " ", "+") // also at the end
	code = strings.TrimRight(code, ".,;:!?)]}>\"'»”’\r\n")
	if !codeForm.MatchString(code) {
		return ""
	}
	return code
}

// Find reads the invitation of a code. Errors: ErrUnknown, ErrUnavailable.
func (e *EmployeeRequests) Find(ctx context.Context, code string) (*Invitation, error) {
	began := time.Now()
	status, content, err := e.call(ctx, began, http.MethodGet, "/api/invite/"+url.PathEscape(code), "", nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusOK:
		i, err := decode(content)
		e.count(began, err)
		if err != nil {
			return nil, err
		}
		i.Position = e.position(ctx, i.Position)
		return i, nil
	}
	return nil, e.refusal(began, status)
}

// Register makes an account for the invited address, with a password. It never changes one that is there. Errors:
// ErrUnknown; ErrOver; ErrRefused, where there is an account already or ehealth.api does not take the password or the
// person; ErrUnavailable.
func (e *EmployeeRequests) Register(ctx context.Context, i *Invitation, password string) error {
	return e.write(ctx, i, "user", "", map[string]string{"password": password})
}

// Accept approves an invitation in the name of the person of a login session. Errors: as Reject.
func (e *EmployeeRequests) Accept(ctx context.Context, i *Invitation, login *storage.Login) error {
	return e.answer(ctx, i, "approve", login)
}

// Reject declines an invitation in the name of the person of a login session. Errors: ErrUnknown; ErrOver, where it
// has another answer already; ErrRefused, where ehealth.api does not take this person's; ErrUnavailable; those of
// Tokens.
func (e *EmployeeRequests) Reject(ctx context.Context, i *Invitation, login *storage.Login) error {
	return e.answer(ctx, i, "reject", login)
}

func (e *EmployeeRequests) answer(ctx context.Context, i *Invitation, action string, login *storage.Login) error {
	token, err := e.tokens.Issue(ctx, login)
	if err != nil {
		return err
	}
	err = e.write(ctx, i, action, token, struct{}{})
	// Nobody else ever sees the token, whatever became of the call or of the browser.
	if ended := e.tokens.End(context.WithoutCancel(ctx), token); ended != nil && err == nil {
		return ended
	}
	return err
}

func (e *EmployeeRequests) write(ctx context.Context, i *Invitation, action, token string, body any) error {
	path := "/api/employee_requests/" + url.PathEscape(i.ID) + "/" + action
	began := time.Now()
	status, _, err := e.call(ctx, began, http.MethodPost, path, token, body)
	switch {
	case err != nil:
		return err
	case status == http.StatusOK || status == http.StatusCreated:
		e.count(began, nil)
		return nil
	}
	return e.refusal(began, status)
}

// refusal is what another status than those of success means, in the answer to a call that began then.
func (e *EmployeeRequests) refusal(began time.Time, status int) (err error) {
	switch status {
	case http.StatusNotFound:
		err = ErrUnknown
	case http.StatusConflict:
		err = ErrOver
	case http.StatusForbidden, http.StatusUnprocessableEntity:
		err = ErrRefused
	default:
		err = fmt.Errorf("%w: it answers %d", ErrUnavailable, status)
	}
	e.count(began, err)
	return err
}

// call asks ehealth.api. The error is ErrUnavailable, and is counted.
func (e *EmployeeRequests) call(
	ctx context.Context, began time.Time, method, path, token string, body any,
) (status int, content []byte, err error) {
	select {
	case e.calls <- struct{}{}:
		defer func() { <-e.calls }()
	default:
		return 0, nil, fmt.Errorf("%w: too many calls are under way", ErrUnavailable)
	}
	service := outbound.Service{URL: e.url, Token: token, Timeout: e.readTimeout, MaximumAnswer: maximumAnswer}
	if method != http.MethodGet {
		service.Timeout = e.writeTimeout
	}
	status, content, err = service.Ask(ctx, method, e.url+path, body)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
		e.count(began, err)
	}
	return status, content, err
}
