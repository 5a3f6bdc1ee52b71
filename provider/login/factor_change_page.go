package login

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// The pages on which a signed-in person adds and removes second factors.
const (
	PathAddAuthenticator = "/login/account/authenticator"
	PathRecoveryCodes    = "/login/account/recovery-codes"
	PathRemoveFactor     = "/login/account/factor"
)

var refusedLastFactor = &formError{http.StatusOK, messageLastFactor, ""}

// factorChangePages are those pages. Each asks for a sign-in of the last minutes, by a second factor where the person
// has one.
type factorChangePages struct{ *credentialPages }

// questionPage asks whether something is to be done.
type questionPage struct {
	Action, Request  string
	Lead, More       string
	Subject          string // what Lead is about, in the words of the person
	Message          string
	Button, ButtonID string // "": there is nothing to press
}

func (f *factorChangePages) factorPages() factorPages { return factorPages{f.signInPages} }

func (f *factorChangePages) mount(pages chi.Router) {
	for path, page := range map[string][2]func(http.ResponseWriter, *http.Request) error{
		PathAddAuthenticator: {f.showAdd, f.recent(PathAddAuthenticator, f.submitAdd)},
		PathRecoveryCodes:    {f.showRecoveryCodes, f.recent(PathRecoveryCodes, f.submitRecoveryCodes)},
		PathRemoveFactor:     {f.showRemove, f.recent(PathRemoveFactor, f.submitRemove)},
	} {
		inbound.Route(pages, path, f.handle(page[0]), http.MethodGet, http.MethodHead)
		inbound.Route(pages, path, f.handle(page[1]), http.MethodPost)
	}
}

// accountFactor is a second factor as the account shows it.
type accountFactor struct {
	Title, Name string
	Since, Used time.Time
	Left        string // how many recovery codes are left
	Remove      string // where it is removed; "" where it is not
}

// factorsOf are the second factors of a person, and the recovery codes beside them.
func (a *accountPages) factorsOf(r *http.Request, userID string, v *view) (list []accountFactor, err error) {
	has, err := identity.Factors{Service: a.identity}.SecondFactors(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	text := v.Messages.Factors
	for _, factor := range has.List {
		entry := accountFactor{
			Title: text.Kinds[factor.Kind], Name: factor.Name, Since: factor.CreatedAt, Used: factor.LastUsedAt,
		}
		switch factor.Kind {
		case identity.FactorSMS:
			entry.Title, entry.Name = entry.Title+" "+identity.MaskPhone(factor.Name), ""
		case storage.FactorPasskey:
			entry.Remove = v.Path + PathPasskeys
		default:
			entry.Remove = v.Path + PathRemoveFactor + "?" + url.Values{"id": {factor.ID}}.Encode()
		}
		list = append(list, entry)
	}
	if len(list) > 0 && has.RecoveryCodes > 0 {
		list = append(list, accountFactor{
			Title: text.RecoveryCodesTitle, Since: has.RecoveryCodesAt, Left: strconv.FormatInt(has.RecoveryCodes, 10),
		})
	}
	return list, nil
}

func (f *factorChangePages) showAdd(w http.ResponseWriter, r *http.Request) error {
	current, p, _, err := f.beginRecent(w, r, PathAddAuthenticator, "")
	if err != nil || current == nil {
		return err
	}
	if p.Change.Draft, err = f.factorPages().newDraft(); err != nil {
		return err
	}
	return f.factorPages().writeAuthenticatorForm(w, r, p, f.addForm(current, p, ""), nil)
}

func (f *factorChangePages) addForm(current *storage.Login, p Interaction, name string) authenticatorForm {
	return authenticatorForm{
		action: PathAddAuthenticator, email: current.User.Email, name: name, draft: p.Change.Draft,
		lead:  func(t *factorText) string { return t.EnrolLead },
		links: func(v *view) []pageLink { return f.cancelLink(v.Messages) },
	}
}

func (f *factorChangePages) submitAdd(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	if p.Change.Draft == nil {
		return errChangeOver
	}
	recovery, problem, err := f.factorPages().addAuthenticator(w, r, p, current.User.ID, p.Change.Draft, false)
	switch {
	case errors.Is(err, identity.ErrTooManyFactors):
		return f.writeFactorNotice(w, r, func(t *factorText) string { return t.TooMany })
	case errors.Is(err, storage.ErrConflict):
		return errChangeOver // sent twice
	case err != nil:
		return err
	case problem != nil:
		name := identity.FactorName(r.PostForm.Get("name"))
		return f.factorPages().writeAuthenticatorForm(w, r, p, f.addForm(current, p, name), problem)
	case len(recovery) == 0:
		f.redirectChanged(w, r, changedFactorAdded)
		return nil
	}
	v := f.newView(w, r, "")
	return f.factorPages().writeRecoveryCodes(w, r, p, recoveryPage{
		Codes: recovery, Notice: v.Messages.Credentials.Changed[changedFactorAdded],
	}, func(v *view) []pageLink { return v.accountLink() })
}

func (f *factorChangePages) writeFactorNotice(
	w http.ResponseWriter, r *http.Request, lead func(*factorText) string,
) error {
	v := f.newView(w, r, "")
	t := v.Messages.Factors
	v.Title, v.Page, v.Links = t.Title, noticePage{Lead: lead(t)}, v.accountLink()
	return v.write(w, http.StatusOK, "notice.html")
}

// showRecoveryCodes asks whether new recovery codes are to be made, since those before end with that.
func (f *factorChangePages) showRecoveryCodes(w http.ResponseWriter, r *http.Request) error {
	current, p, has, err := f.beginRecent(w, r, PathRecoveryCodes, "")
	if err != nil || current == nil {
		return err
	}
	if len(has.List) == 0 {
		return f.writeFactorNotice(w, r, func(t *factorText) string { return t.NoFactors })
	}
	p.Change.SetID = f.store.NewID()
	request, err := f.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := f.newView(w, r, "")
	t := v.Messages.Factors
	v.Title, v.Links = t.NewCodesTitle, f.cancelLink(v.Messages)
	v.Page = questionPage{
		Action: PathRecoveryCodes, Request: request, Button: t.NewCodesButton, ButtonID: "recovery-submit",
		Lead: t.NewCodesLead, More: t.NewCodesLeft + " " + strconv.FormatInt(has.RecoveryCodes, 10) + ".",
	}
	return v.write(w, http.StatusOK, "question.html")
}

func (f *factorChangePages) submitRecoveryCodes(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	if p.Change.SetID == "" {
		return errChangeOver
	}
	codes, err := f.factors().ReplaceRecoveryCodes(r, current.User.ID, p.Change.SetID)
	switch {
	case errors.Is(err, storage.ErrConflict), errors.Is(err, identity.ErrNoFactor):
		return errChangeOver
	case err != nil:
		return err
	}
	return f.factorPages().writeRecoveryCodes(w, r, p, recoveryPage{Codes: codes},
		func(v *view) []pageLink { return v.accountLink() })
}

// factorToRemove finds a second factor of a person that is removed by the page for that: not the phone, which is
// changed, nor a passkey, which has a page of its own.
func factorToRemove(has identity.SecondFactors, id string) (storage.SecondFactor, bool) {
	for _, factor := range has.List {
		if factor.ID == id && factor.Kind != identity.FactorSMS && factor.Kind != storage.FactorPasskey {
			return factor, true
		}
	}
	return storage.SecondFactor{}, false
}

func (f *factorChangePages) showRemove(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("id")
	current, p, has, err := f.beginRecent(w, r, PathRemoveFactor, url.Values{"id": {id}}.Encode())
	if err != nil || current == nil {
		return err
	}
	p.Change.Factor = id
	return f.writeRemove(w, r, p, has, nil)
}

func (f *factorChangePages) writeRemove(
	w http.ResponseWriter, r *http.Request, p Interaction, has identity.SecondFactors, problem *formError,
) error {
	factor, found := factorToRemove(has, p.Change.Factor)
	if !found {
		return errNotTheirs
	}
	request, err := f.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := f.newView(w, r, "")
	t := v.Messages.Factors
	page := questionPage{
		Action: PathRemoveFactor, Request: request, Button: t.RemoveButton, ButtonID: "remove-submit",
		Lead: t.RemoveLead, Subject: factor.Name, More: t.RemoveMore,
	}
	if len(has.List) == 1 {
		page.More = t.RemoveLast
	}
	v.Title, v.Links = t.RemoveTitle, f.cancelLink(v.Messages)
	status := http.StatusOK
	if problem != nil {
		status, page.Message = problem.status, f.refuse(w, v, problem)
		page.Button = ""
	}
	v.Page = page
	return v.write(w, status, "question.html")
}

func (f *factorChangePages) submitRemove(
	w http.ResponseWriter, r *http.Request, current *storage.Login, p Interaction,
) error {
	has, err := f.factors().SecondFactors(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	factor, found := factorToRemove(has, p.Change.Factor)
	if !found {
		return errNotTheirs
	}
	err = f.factors().RemoveFactor(r, current.User.ID, factor.Kind, factor.ID)
	switch {
	case errors.Is(err, identity.ErrLastFactor):
		return f.writeRemove(w, r, p, has, refusedLastFactor)
	case errors.Is(err, identity.ErrFactorUnknown):
		return errNotTheirs
	case err != nil:
		return err
	}
	f.redirectChanged(w, r, changedFactorRemoved)
	return nil
}
