package console

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// action is something that an operator changes: a page that asks, and what is done after it.
type action struct {
	path  string         // below Root
	name  string         // of its texts: action.<name>.title and so on
	right operator.Right // that it needs
	// ask finds what the page says. It is asked again when the form comes back.
	ask func(*visit) (*question, error)
}

// question is what the page of an action says, and what follows.
type question struct {
	Subject string // whom or what it is about
	Back    string // the page to which it returns
	After   string // the page after it where Back is gone; "" for Back
	Facts   []fact // such as how much will end
	Fields  []field
	// Fresh says that it needs a sign-in of the last minutes.
	Fresh bool
	// Refused is the key of why it can't be done; "" where it can.
	Refused string
	// isHarmless says that nothing is changed, so that no reason is asked for.
	isHarmless bool
	// check looks at the form before preview and do; nil for nothing to look at.
	check func() error
	// preview says what the values of the form will change. The page shows it, and is sent again with the same values
	// before anything is done; nil where there is nothing to show.
	preview func() []fact
	// do makes the change, under a context that has the reason. A *formProblem shows the form again. With a result the
	// page shows that, this once, instead of going back.
	do func(context.Context) (*result, error)
}

// result is shown once, after an action.
type result struct {
	Lead, Secret string
	Back         string // where to go on; "" for where the action began
	Facts        []fact
	Snippets     []snippet
}

// snippet is a text to copy.
type snippet struct{ Title, Text string }

// formProblem is what is wrong with a form, as the key of a text and the name of the field.
type formProblem struct{ key, field string }

// Error implements error.
func (p *formProblem) Error() string { return p.key }

// errNotFresh says that what was chosen needs a sign-in of the last minutes.
var errNotFresh = errors.New("console: needs a fresh sign-in")

// questionPage is the content of the page.
type questionPage struct {
	*question
	Crumbs                []link
	Lead, Button, Problem string
	Address               string
	Reason                field
	Preview               []fact // of the values that the form has now
	Seen                  string // stands for these values, once they were shown
}

// reason bounds the reason of a change, in characters.
const (
	shortestReason = 3
	longestReason  = 300
)

func (a action) show(v *visit) error {
	q, err := a.ask(v)
	if err != nil {
		return err
	}
	if q.Fresh && !v.isFresh() {
		return askAgain(v)
	}
	return a.write(v, http.StatusOK, q, nil)
}

func (a action) submit(v *visit) error {
	q, err := a.ask(v)
	if err != nil {
		return err
	}
	if q.Fresh && !v.isFresh() {
		return askAgain(v)
	}
	if q.Refused != "" {
		return a.write(v, http.StatusConflict, q, nil)
	}
	reason := strings.Join(strings.Fields(v.r.PostForm.Get("reason")), " ")
	n := utf8.RuneCountInString(reason)
	if !q.isHarmless && (n < shortestReason || n > longestReason || !utf8.ValidString(reason)) {
		return a.write(v, http.StatusUnprocessableEntity, q, &formProblem{"action.reason_missing", "reason"})
	}
	done, previewed, err := a.perform(v, q, reason)
	var problem *formProblem
	switch {
	case errors.As(err, &problem):
		return a.write(v, http.StatusUnprocessableEntity, q, problem)
	case errors.Is(err, errNotFresh):
		return askAgain(v)
	case errors.Is(err, storage.ErrConflict):
		return a.write(v, http.StatusConflict, q, &formProblem{key: "action.conflict"})
	case err != nil:
		return err
	case previewed:
		return a.write(v, http.StatusOK, q, nil)
	case done != nil:
		v.Title = v.T("action." + a.name + ".title")
		return v.write(http.StatusOK, "message.html", message{
			Notice: v.T("action." + a.name + ".done"), Lead: done.Lead, Secret: done.Secret, Facts: done.Facts,
			Snippets: done.Snippets, Links: []link{{v.T("action.back"), cmp.Or(done.Back, q.Back)}},
		})
	}
	goOn(v.w, v.r, cmp.Or(q.After, q.Back)+"?done="+url.QueryEscape(a.name))
	return nil
}

// perform does what was asked, unless its preview is still to be shown.
func (a action) perform(v *visit, q *question, reason string) (done *result, previewed bool, err error) {
	if q.check != nil {
		if err := q.check(); err != nil {
			return nil, false, err
		}
	}
	if q.preview != nil && v.r.PostForm.Get("seen") != q.values() {
		return nil, true, nil
	}
	actor, _ := storage.ActorOf(v.r.Context())
	actor.Reason = reason
	done, err = q.do(storage.ActingAs(v.r.Context(), actor))
	return done, false, err
}

// values stands for what the fields of the form hold.
func (q *question) values() string {
	all := ""
	for _, f := range q.Fields {
		all += strconv.Quote(f.Value)
	}
	return base64.RawURLEncoding.EncodeToString(storage.Hash(all))
}

// HasPreview returns whether the page shows what will change before it is done.
func (q *question) HasPreview() bool { return q.preview != nil }

// AsksReason returns whether the page asks for a reason.
func (q *question) AsksReason() bool { return !q.isHarmless }

// askAgain leads to the sign-in for an action that needs a fresh one.
func askAgain(v *visit) error {
	goOn(v.w, v.r, pathSignIn+"?"+url.Values{"to": {v.r.URL.RequestURI()}, "again": {""}}.Encode())
	return nil
}

func (a action) write(v *visit, status int, q *question, problem *formProblem) error {
	v.Title = v.T("action." + a.name + ".title")
	page := questionPage{
		question: q, Crumbs: []link{{q.Subject, q.Back}}, Lead: v.T("action." + a.name + ".lead"),
		Button: v.T("action." + a.name + ".button"), Address: v.r.URL.RequestURI(),
		Reason: field{
			Name: "reason", Label: v.T("action.reason"), Hint: v.T("action.reason_hint"), Type: "text", Required: true,
			Value: v.r.PostForm.Get("reason"),
		},
	}
	if q.preview != nil && problem == nil && v.r.Method == http.MethodPost {
		page.Preview, page.Seen = q.preview(), q.values()
	}
	if q.Refused != "" {
		page.Problem = v.T(q.Refused)
	}
	if problem != nil {
		page.Problem = v.T(problem.key)
		page.Reason.Wrong = problem.field == page.Reason.Name
		for i := range q.Fields {
			q.Fields[i].Wrong = problem.field == q.Fields[i].Name
		}
	}
	return v.write(status, "question.html", page)
}
