package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"ithildin/provider/invitation"
	"ithildin/provider/login"
	"ithildin/provider/mail"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Invitation invites somebody by mail to have roles.
type Invitation struct {
	ID        string     `json:"id" format:"uuid"`
	Email     string     `json:"email"`
	ClientID  string     `json:"client_id,omitempty" doc:"For which client the roles are; absent for roles that count everywhere."`
	RoleIDs   []string   `json:"role_ids" nullable:"false"`
	Inviter   string     `json:"inviter,omitempty" doc:"Who invites, as the mail and the pages say."`
	State     string     `json:"state" enum:"open,accepted,rejected,revoked"`
	UserID    string     `json:"user_id,omitempty" doc:"Who answered."`
	CreatedAt *time.Time `json:"created_at,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

func newInvitation(i storage.Invitation) Invitation {
	return Invitation{
		ID: i.ID, Email: i.Email, ClientID: i.ClientID, RoleIDs: append([]string{}, i.RoleIDs...), Inviter: i.Inviter,
		State: i.State, UserID: i.UserID, CreatedAt: moment(i.CreatedAt), ExpiresAt: moment(i.ExpiresAt),
	}
}

const invitationTag = "invitations"

func (a users) registerInvitations() {
	register(a.API, operator.Read, huma.Operation{
		OperationID: "list-invitations", Method: http.MethodGet, Path: "/invitations", Tags: []string{invitationTag},
		Summary:     "List invitations and what became of them, the oldest first",
		Description: "They are deleted a month after they expired. The links are known to the invited people alone.",
	}, a.listInvitations)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "create-invitation", Method: http.MethodPost, Path: "/invitations", Tags: []string{invitationTag},
		Summary: "Invite somebody by mail to have roles", DefaultStatus: http.StatusCreated, Errors: creationErrors,
		Description: "The link in the mail leads to pages on which the person makes an account or signs in, and accepts or " +
			"rejects. A newer invitation of the same person for the same client revokes the older.",
	}, a.createInvitation)
	register(a.API, operator.Users, huma.Operation{
		OperationID: "revoke-invitation", Method: http.MethodDelete, Path: "/invitations/{id}",
		Tags: []string{invitationTag}, Summary: "Revoke an invitation that was not answered",
	}, func(ctx context.Context, in *scopeSetPath) (*struct{}, error) {
		return nil, a.store.RevokeInvitation(ctx, in.ID)
	})
}

type listInvitationsInput struct {
	Paging
	Email string `query:"email" maxLength:"254" doc:"The whole e-mail address."`
	State string `query:"state" enum:"open,accepted,rejected,revoked"`
}

func (a users) listInvitations(ctx context.Context, in *listInvitationsInput) (*listOutput[Invitation], error) {
	filter := storage.InvitationFilter{Email: in.Email, State: in.State}
	invitations, total, err := a.store.PageOfInvitations(ctx, filter, in.page())
	if err != nil {
		return nil, err
	}
	return listOf(invitations, total, newInvitation), nil
}

// NewInvitation is what an invitation is created with.
type NewInvitation struct {
	Email    string   `json:"email" maxLength:"254" doc:"Whom to invite."`
	RoleIDs  []string `json:"role_ids" minItems:"1" maxItems:"20"`
	ClientID string   `json:"client_id,omitempty" maxLength:"255" doc:"For which client the roles are; left out, they count everywhere."`
	TaxID    string   `json:"tax_id,omitempty" maxLength:"64" doc:"Of the person; an account of another is refused."`
	Inviter  string   `json:"inviter,omitempty" maxLength:"500" doc:"Who invites, as the mail and the pages say."`
	Days     int      `json:"days,omitempty" minimum:"1" maximum:"90" default:"5"`
	Language string   `json:"language,omitempty" enum:"uk,en" default:"uk" doc:"Of the mail."`
}

type createInvitationInput struct {
	Once
	Body NewInvitation
}

type invitationOutput struct{ Body Invitation }

func (a users) createInvitation(ctx context.Context, in *createInvitationInput) (*invitationOutput, error) {
	invited, err := a.invitationOf(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	made, err := a.create(ctx, in.Once, "", "create-invitation", func(ctx context.Context, id string) error {
		invited.ID = id
		switch err := invitation.Create(ctx, a.store, a.mail, *invited); {
		case errors.Is(err, invitation.ErrTaxIDTaken):
			return conflict("Another user has this tax id.")
		case errors.Is(err, mail.ErrOff):
			return conflict("The server sends no mail: it has no mail server (ITHILDIN_MAIL_URL).")
		default:
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	filter := storage.InvitationFilter{ID: made.id}
	found, _, err := a.store.PageOfInvitations(ctx, filter, storage.Page{Size: 1})
	if err == nil && len(found) == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return nil, made.explain(err)
	}
	return &invitationOutput{Body: newInvitation(found[0])}, nil
}

// invitationOf is what a body describes, with a new code, for an operator who may give its roles.
func (a users) invitationOf(ctx context.Context, n NewInvitation) (*invitation.New, error) {
	if err := checkUser(n.Email, nil); err != nil {
		return nil, err
	}
	if err := registration.ValidateText(n.Inviter); n.Inviter != "" && err != nil {
		return nil, invalid("body.inviter", err.Error(), n.Inviter)
	}
	code, err := oauth.RandomText(rand.Reader, oauth.TokenBytes)
	if err != nil {
		return nil, err
	}
	now := a.store.Now()
	invited := &invitation.New{
		Language: n.Language, Link: login.InvitationLink(a.provider.Issuer(), code),
		Invitation: storage.Invitation{
			Hash: storage.Hash(code), Email: n.Email, TaxID: n.TaxID, Inviter: n.Inviter, CreatedAt: now,
			ExpiresAt: now.AddDate(0, 0, n.Days),
		},
	}
	for i, id := range n.RoleIDs {
		role, err := a.findRole(ctx, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil, invalid(fmt.Sprintf("body.role_ids[%d]", i), "there is no such role", id)
		}
		if err != nil {
			return nil, err
		}
		if err := mayGive(ctx, role.Scope); err != nil {
			return nil, err
		}
		invited.Roles = append(invited.Roles, *role)
	}
	if n.ClientID == "" {
		return invited, nil
	}
	invited.Client, err = a.store.LoadClient(ctx, n.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, invalid("body.client_id", "there is no such client", n.ClientID)
	}
	return invited, err
}
