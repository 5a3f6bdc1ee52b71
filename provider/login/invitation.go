package login

import (
	"context"
	"errors"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/provider/invitation"
	"ithildin/storage"
)

// InvitationSource keeps invitations. It is an invitation.EmployeeRequests or invitation.Kept, whose methods say what
// the errors are.
type InvitationSource interface {
	Find(ctx context.Context, code string) (*invitation.Invitation, error)
	Register(ctx context.Context, i *invitation.Invitation, password string) error
	Accept(ctx context.Context, i *invitation.Invitation, login *storage.Login) error
	Reject(ctx context.Context, i *invitation.Invitation, login *storage.Login) error
}

// InvitationOptions are what an operator decides about invitations.
type InvitationOptions struct {
	// EmployeeRequests are those of ehealth.api; nil: there are none, and links to them lead to a page that says so.
	EmployeeRequests InvitationSource
	// Kept are those in the database, which records in the audit how they are answered; nil: there are none.
	Kept InvitationSource
	// RulesURI is where the rules are that a person agrees to; "" shows no link.
	RulesURI string
	// FactorOptional lets people answer without a second factor.
	FactorOptional bool
}

// InvitationProgress is the invitation that a page is about. The code takes the place of that in the address bar; ID
// and Email are what the invitation had when it was shown first.
type InvitationProgress struct {
	Code string `json:"code"`
	// Kept says that the invitation is in the database, and not one of ehealth.api.
	Kept bool `json:"kept,omitempty"`
	// Checked says that a captcha was solved for it.
	Checked bool   `json:"checked,omitempty"`
	ID      string `json:"id,omitempty"`
	Email   string `json:"email,omitempty"`
}

// The pages of an invitation.
const (
	PathInvitation       = "/login/invite"
	PathInvitationAnswer = "/login/invite/accept"
)

// What the form of an answer sends.
const (
	decisionAcceptInvitation = "accept"
	decisionRejectInvitation = "reject"
	decisionSwitchUser       = "switch"
)

// invitationPages are the pages on which people answer invitations.
type invitationPages struct {
	*signInPages
	options InvitationOptions
	issuer  string // without a trailing slash
}

// required is what a sign-in has to be like to answer.
func (i *invitationPages) required() identity.RequiredAuthentication {
	if i.options.FactorOptional {
		return identity.RequiredAuthentication{}
	}
	return identity.RequiredAuthentication{}.AtLeast(storage.AssuranceOneTimeCode)
}

// source keeps the invitation of a page; nil where there are none of its kind.
func (i *invitationPages) source(p Interaction) InvitationSource {
	if p.Invitation.Kept {
		return i.options.Kept
	}
	return i.options.EmployeeRequests
}

// find opens the request of a page and reads its invitation. Without one, the notice says why, and is written with
// what cause logs.
func (i *invitationPages) find(r *http.Request) (p Interaction, found *invitation.Invitation, notice invitationNotice,
	err error) {
	p, err = i.OpenInteraction(r)
	if errors.Is(err, ErrPendingForeign) || errors.Is(err, ErrPendingExpired) || err == nil && p.Invitation == nil {
		return p, nil, noticeBrowser, nil
	}
	if err != nil {
		return p, nil, "", err
	}
	source := i.source(p)
	if source == nil {
		return p, nil, noticeOff, nil
	}
	p.At = 0 // each page gives the person the whole time
	limited, err := i.identity.InvitationLimited(r, p.Invitation.Code)
	if err != nil || limited {
		return p, nil, noticeLimited, err
	}
	found, err = source.Find(r.Context(), p.Invitation.Code)
	switch {
	case errors.Is(err, invitation.ErrUnknown):
		return p, nil, noticeUnknown, i.identity.CountInvitationFailure(r, p.Invitation.Code)
	case err != nil:
		return p, nil, i.noticeOf(r.Context(), err), nil
	}
	shown := p.Invitation
	if shown.ID == "" {
		shown.ID, shown.Email = found.ID, found.Email
	}
	if shown.ID != found.ID || storage.CanonicalEmail(shown.Email) != storage.CanonicalEmail(found.Email) {
		return p, nil, noticeChanged, i.recordRefused(r, "", "changed")
	}
	return p, found, "", nil
}

// noticeOf is the page of an error of the source; the log has its cause.
func (i *invitationPages) noticeOf(ctx context.Context, err error) invitationNotice {
	switch {
	case errors.Is(err, invitation.ErrUnknown):
		return noticeUnknown
	case errors.Is(err, invitation.ErrOver):
		return noticeOver
	case errors.Is(err, invitation.ErrRefused):
		return noticeRefused
	}
	i.logger.WarnContext(ctx, "the source of invitations was of no use", "cause", err)
	return noticeUnavailable
}

func (i *invitationPages) recordRefused(r *http.Request, userID, reason string) error {
	return i.identity.Record(r, storage.Event{
		Kind: storage.EventInvitationRefused, UserID: userID, Details: map[string]string{"reason": reason},
	})
}

// isFor says whether an invitation is for a user, by the address.
func isFor(found *invitation.Invitation, user storage.User) bool {
	return storage.CanonicalEmail(found.Email) == storage.CanonicalEmail(user.Email)
}
