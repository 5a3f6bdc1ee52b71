package login

import (
	"errors"
	"net/http"

	"ithildin/provider/invitation"
	"ithildin/storage"
)

var refusedRules = &formError{http.StatusOK, messageInvitationRules, ""}

// showAnswer asks the invited person for the answer, after a sign-in, or says which one was given.
func (i *invitationPages) showAnswer(w http.ResponseWriter, r *http.Request) error {
	p, found, login, err := i.answering(w, r)
	if err != nil || login == nil {
		return err
	}
	switch found.State {
	case invitation.Accepted:
		open, err := i.openClient(r, found.ClientID)
		if err != nil {
			return err
		}
		return i.writeNotice(w, r, noticeAccepted, open)
	case invitation.Rejected:
		return i.writeNotice(w, r, noticeRejected, "")
	case invitation.Over:
		return i.writeNotice(w, r, noticeOver, "")
	}
	return i.writeAnswer(w, r, p, found, login, nil)
}

// answering reads the invitation of the answer page and who is signed in. Where it returns no login, it has written
// another page: a notice, or the sign-in.
func (i *invitationPages) answering(
	w http.ResponseWriter, r *http.Request,
) (p Interaction, found *invitation.Invitation, login *storage.Login, err error) {
	if p, unchecked := i.unchecked(r); unchecked {
		return p, nil, nil, i.RedirectToPage(w, r, PathInvitation, p)
	}
	p, found, notice, err := i.find(r)
	if err != nil || notice != "" {
		return p, nil, nil, i.orNotice(w, r, notice, err)
	}
	if r.Method == http.MethodPost && r.PostForm.Get("decision") == decisionSwitchUser {
		return p, nil, nil, i.signInAnew(w, r, p)
	}
	login, err = i.Login(r.Context(), r, "")
	switch {
	case err != nil:
		return p, nil, nil, err
	case login == nil || !i.required().SatisfiedBy(login.Session):
		return p, nil, nil, i.redirectToSignIn(w, r, p)
	case !isFor(found, login.User):
		if r.Method == http.MethodPost {
			if err := i.recordRefused(r, login.User.ID, "other_user"); err != nil {
				return p, nil, nil, err
			}
		}
		return p, nil, nil, i.writeOtherPerson(w, r, p)
	case found.TaxID != "" && login.User.TaxID != "" && found.TaxID != login.User.TaxID:
		return p, nil, nil, i.orNotice(w, r, noticeTaxID, i.recordRefused(r, login.User.ID, "tax_id"))
	}
	return p, found, login, nil
}

// signInAnew ends the session of somebody else, so that the invited person can sign in.
func (i *invitationPages) signInAnew(w http.ResponseWriter, r *http.Request, p Interaction) error {
	if _, err := i.EndSession(w, r); err != nil {
		return err
	}
	return i.redirectToSignIn(w, r, p)
}

func (i *invitationPages) redirectToSignIn(w http.ResponseWriter, r *http.Request, p Interaction) error {
	interaction, err := i.signInInteraction(w, r, p)
	if err != nil {
		return err
	}
	return i.RedirectToPage(w, r, PathSignIn, interaction)
}

func (i *invitationPages) writeAnswer(
	w http.ResponseWriter, r *http.Request, p Interaction, found *invitation.Invitation, login *storage.Login,
	problem *formError,
) error {
	p.UserID = login.User.ID
	page := invitationPage{Invitation: *found, IsAnswer: true, UserName: login.User.Email}
	return i.writeInvitation(w, r, p, page, problem)
}

// submitAnswer gives the answer of the invited person, once: a second one is shown what the first was.
func (i *invitationPages) submitAnswer(w http.ResponseWriter, r *http.Request) error {
	p, found, login, err := i.answering(w, r)
	if err != nil || login == nil {
		return err
	}
	if found.State != invitation.Open || p.UserID != login.User.ID { // answered, or another person's page
		return i.RedirectToPage(w, r, PathInvitationAnswer, p)
	}
	kind, answer := storage.EventInvitationAccepted, i.source(p).Accept
	switch r.PostForm.Get("decision") {
	case decisionAcceptInvitation:
		if r.PostForm.Get("rules") != "yes" {
			return i.writeAnswer(w, r, p, found, login, refusedRules)
		}
	case decisionRejectInvitation:
		kind, answer = storage.EventInvitationRejected, i.source(p).Reject
	default:
		return errMalformedForm
	}
	err = answer(i.identity.ActingAsOwner(r, login.User.ID), found, login)
	switch {
	case errors.Is(err, invitation.ErrOver):
		return i.RedirectToPage(w, r, PathInvitationAnswer, p) // where the answer that was faster is shown
	case errors.Is(err, invitation.ErrUnavailable):
		i.noticeOf(r.Context(), err)
		return i.writeAnswer(w, r, p, found, login, refusedInvitationAway)
	case errors.Is(err, invitation.ErrRefused):
		return i.orNotice(w, r, noticeRefused, i.recordRefused(r, login.User.ID, "source"))
	case errors.Is(err, invitation.ErrUnknown):
		return i.writeNotice(w, r, noticeUnknown, "")
	case err != nil:
		return err
	}
	if !p.Invitation.Kept {
		err = i.identity.Record(r, storage.Event{
			Kind: kind, ClientID: found.ClientID, UserID: login.User.ID, Details: map[string]string{"role": found.Role},
		})
		if err != nil {
			return err
		}
	}
	return i.RedirectToPage(w, r, PathInvitationAnswer, p)
}

// openClient is where the client of an invitation begins a sign-in, "" where it does not say or is not known here.
func (i *invitationPages) openClient(r *http.Request, clientID string) (string, error) {
	client, err := i.store.Client(r.Context(), clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return loginInitiation(i.issuer, client.Metadata.InitiateLoginURI), nil
}
