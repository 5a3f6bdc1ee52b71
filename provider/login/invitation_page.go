package login

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/identity"
	"ithildin/provider/invitation"
	"ithildin/storage"
)

var (
	refusedRepeat          = &formError{http.StatusOK, messageInvitationRepeat, ""}
	refusedAgree           = &formError{http.StatusOK, messageInvitationAgree, ""}
	refusedPasswordComplex = &formError{http.StatusOK, messageInvitationComplex, ""}
	refusedInvitationAway  = &formError{http.StatusServiceUnavailable, messageInvitationAway, ""}
)

// invitationPage is a page with a form: for a new account, for somebody who has one, or for the answer.
type invitationPage struct {
	invitation.Invitation
	Text     *invitationText
	Request  string
	Lead     string
	Role     string
	Message  string
	IsKnown  bool // there is an account for the address
	Agreed   bool // to the processing of data
	IsAnswer bool
	UserName string
	RulesURI string
}

// The parameters of links: the code of an invitation of ehealth.api, and of one in the database.
const (
	inviteParameter     = "invite"
	invitationParameter = "invitation"
)

// InvitationLink is the link to an invitation in the database, of a server with that issuer.
func InvitationLink(issuer, code string) string {
	return strings.TrimSuffix(issuer, "/") + PathInvitation + "?" + url.Values{invitationParameter: {code}}.Encode()
}

// showInvitation is where the link of a letter leads. The code in it is moved out of the address bar at once.
func (i *invitationPages) showInvitation(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	switch {
	case query.Has(invitationParameter):
		return i.moveCode(w, r, InvitationProgress{Code: invitation.ParseCode(query.Get(invitationParameter)), Kept: true})
	case !query.Has("request") && i.options.EmployeeRequests == nil:
		return i.writeNotice(w, r, noticeOff, "")
	case query.Has(inviteParameter):
		return i.moveCode(w, r, InvitationProgress{Code: invitation.ParseCode(query.Get(inviteParameter))})
	}
	if p, unchecked := i.unchecked(r); unchecked {
		return i.writeCheck(w, r, p, nil)
	}
	p, found, known, err := i.openInvitation(w, r)
	if err != nil || found == nil {
		return err
	}
	return i.writeInvitation(w, r, p, invitationPage{Invitation: *found, IsKnown: known}, nil)
}

// moveCode goes on with the code of a link in the sealed request.
func (i *invitationPages) moveCode(w http.ResponseWriter, r *http.Request, p InvitationProgress) error {
	if p.Code == "" {
		return i.writeNotice(w, r, noticeUnknown, "")
	}
	return i.RedirectToPage(w, r, PathInvitation, Interaction{Invitation: &p})
}

// orNotice writes a notice, unless there is an error.
func (i *invitationPages) orNotice(w http.ResponseWriter, r *http.Request, notice invitationNotice, err error) error {
	if err != nil {
		return err
	}
	return i.writeNotice(w, r, notice, "")
}

// noticeOfState is what a person who has not signed in is told of an invitation that takes no answer.
func noticeOfState(found *invitation.Invitation) invitationNotice {
	switch found.State {
	case invitation.Open:
		return ""
	case invitation.Over:
		return noticeOver
	default:
		return noticeAnswered
	}
}

func (i *invitationPages) hasAccount(r *http.Request, found *invitation.Invitation) (bool, error) {
	_, err := i.store.FindUserByEmail(r.Context(), found.Email)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// openInvitation finds the invitation of a page, which waits for an answer, and says whether its address has an
// account. Without one it writes the notice, and returns none.
func (i *invitationPages) openInvitation(w http.ResponseWriter, r *http.Request) (
	p Interaction, found *invitation.Invitation, known bool, err error,
) {
	p, found, notice, err := i.find(r)
	if err == nil && notice == "" {
		notice = noticeOfState(found)
	}
	if err != nil || notice != "" {
		return p, nil, false, i.orNotice(w, r, notice, err)
	}
	known, err = i.hasAccount(r, found)
	return p, found, known, err
}

// writeInvitation shows a page with a form, after a refusal with its words. Whoever has the link alone sees no more of
// a person than the name and the address.
func (i *invitationPages) writeInvitation(
	w http.ResponseWriter, r *http.Request, p Interaction, page invitationPage, problem *formError,
) (err error) {
	if page.Request, err = i.Seal(w, r, p); err != nil {
		return err
	}
	v := i.newView(w, r, "")
	page.Text = v.Messages.Invitations
	page.Role = cmp.Or(page.Text.Roles[page.Invitation.Role], page.Invitation.Role)
	v.Title, page.Lead = page.Text.Title, page.Text.Lead
	if page.IsAnswer {
		v.Title, page.Lead, page.RulesURI = page.Text.AnswerTitle, page.Text.AnswerLead, i.options.RulesURI
	} else {
		page.TaxID, page.Person.BirthDate, page.Person.Phones = "", "", nil
	}
	v.Heading = v.Title
	var status int
	status, page.Message = i.showRefusal(w, v, problem)
	v.Page = page
	return v.write(w, status, "invitation.html")
}

// submitInvitation makes the account of a new person, who then sets up the second factor; somebody who has an account
// goes on to sign in.
func (i *invitationPages) submitInvitation(w http.ResponseWriter, r *http.Request) error {
	if p, unchecked := i.unchecked(r); unchecked {
		return i.submitCheck(w, r, p)
	}
	p, found, known, err := i.openInvitation(w, r)
	if err != nil || found == nil {
		return err
	}
	if known { // whatever was typed: nobody sets the password of an account by an invitation
		return i.RedirectToPage(w, r, PathInvitationAnswer, p)
	}
	page := invitationPage{Invitation: *found, Agreed: r.PostForm.Get("agree") == "yes"}
	password := r.PostForm.Get("password")
	problem := i.newPasswordProblem(found.Email, password)
	switch {
	case problem != nil:
	case r.PostForm.Get("repeat") != password:
		problem = refusedRepeat
	case !page.Agreed:
		problem = refusedAgree
	}
	if problem != nil {
		return i.writeInvitation(w, r, p, page, problem)
	}
	err = i.source(p).Register(i.identity.ActingAsOwner(r, ""), found, password)
	switch {
	case errors.Is(err, invitation.ErrUnavailable):
		i.noticeOf(r.Context(), err)
		return i.writeInvitation(w, r, p, page, refusedInvitationAway)
	case errors.Is(err, invitation.ErrRefused):
		if known, err = i.hasAccount(r, found); err == nil && known { // somebody was faster
			return i.RedirectToPage(w, r, PathInvitationAnswer, p)
		}
		return i.orNotice(w, r, noticeRefused,
			errors.Join(err, i.identity.CountInvitationFailure(r, p.Invitation.Code), i.recordRefused(r, "", "registration")))
	case err != nil:
		return i.writeNotice(w, r, i.noticeOf(r.Context(), err), "")
	}
	return i.signInNew(w, r, p, password)
}

// newPasswordProblem holds a password against the rule for new ones and against that of the legacy API, by which
// ehealth.api makes the account.
func (i *invitationPages) newPasswordProblem(email, password string) *formError {
	err := errors.Join(identity.CheckNewPassword(password, email, i.host), identity.CheckLegacyPassword(password))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, identity.ErrPasswordLong), errors.Is(err, identity.ErrPasswordForm):
		return refusedPasswordLong
	case errors.Is(err, identity.ErrPasswordShort):
		return refusedPasswordShort
	case errors.Is(err, identity.ErrPasswordComplexity):
		return refusedPasswordComplex
	}
	return refusedPasswordKnown
}

// signInNew signs in the person whose account was just made, by the password: it has to be the account of the invited
// address.
func (i *invitationPages) signInNew(w http.ResponseWriter, r *http.Request, p Interaction, password string) error {
	from, err := i.devices.read(r)
	if err != nil {
		return err
	}
	user, err := i.identity.CheckPassword(r, identity.PasswordAttempt{
		Username: p.Invitation.Email, Password: password, Device: from,
	})
	if errors.Is(err, identity.ErrWrongPassword) || errors.Is(err, identity.ErrUserBlocked) {
		return i.orNotice(w, r, noticeRefused, i.recordRefused(r, "", "account"))
	}
	if errors.Is(err, identity.ErrSignInLimited) {
		return i.RedirectToPage(w, r, PathInvitationAnswer, p)
	}
	if err != nil {
		return err
	}
	interaction, err := i.signInInteraction(w, r, p)
	if err != nil {
		return err
	}
	return i.proceed(w, r, interaction, user, identity.ByPassword)
}

// signInInteraction is a sign-in that returns to the answer page.
func (i *invitationPages) signInInteraction(
	w http.ResponseWriter, r *http.Request, p Interaction,
) (Interaction, error) {
	request, err := i.Seal(w, r, p)
	return Interaction{
		Page: PathInvitationAnswer, Query: "request=" + request, LoginHint: p.Invitation.Email, Required: i.required(),
		FirstFactor: !i.options.FactorOptional,
	}, err
}
