package main

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"time"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/invitation"
	"ithildin/provider/login"
	"ithildin/provider/mail"
	"ithildin/storage"
)

type invitationCommand struct {
	Create invitationCreateCommand `cmd:"" help:"Invite somebody by mail to have roles."`
	List   invitationListCommand   `cmd:"" help:"List the invitations and what became of them."`
	Revoke invitationRevokeCommand `cmd:"" help:"Revoke an invitation that was not answered."`
}

const (
	mostInvitationDays = 90
	mostInvitedRoles   = 20
)

type invitationCreateCommand struct {
	Email    string   `arg:"" placeholder:"EMAIL" help:"Whom to invite."`
	Role     []string `required:"" placeholder:"ROLE" help:"Name of a role; may be given several times."`
	Client   string   `placeholder:"ID" help:"Client for which the roles are; default: everywhere."`
	TaxID    string   `name:"tax-id" placeholder:"NUMBER" help:"Tax id of the person; an account of another is refused."`
	Inviter  string   `placeholder:"TEXT" help:"Who invites, as the mail and the pages say."`
	Days     int      `default:"5" placeholder:"N" help:"Days until it expires; default 5."`
	Language string   `default:"uk" enum:"uk,en" help:"Language of the mail: uk (default) or en."`
	Issuer   string   `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"@mail_issuer"`
	config.MailFlags
	config.DatabaseFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (invitationCreateCommand) Help() string {
	return `The mail is queued, and a running server sends it. Its link leads to pages on which the person makes an account
or signs in, and accepts or rejects. A newer invitation of the same person for the same client revokes the older.

Example:

    ithildin invitation create nurse@example.org --role NURSE --client 6498d88e-97fb-47e2-85a5-99e884f888aa`
}

type newInvitationRow struct {
	ID        string         `json:"id"`
	ExpiresAt console.Moment `json:"expires_at"`
}

// Run stores the invitation with its mail.
func (c *invitationCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	address, err := netmail.ParseAddress(c.Email)
	switch {
	case err != nil || address.Address != c.Email:
		return &console.UsageError{Cause: fmt.Errorf("EMAIL is %q: want an address such as nurse@example.org", c.Email)}
	case c.Issuer == "":
		return &console.UsageError{Cause: errors.New("ITHILDIN_ISSUER is required: the link in the mail begins with it")}
	case c.Days < 1 || c.Days > mostInvitationDays:
		return &console.UsageError{Cause: fmt.Errorf("--days is %d: want 1 to %d", c.Days, mostInvitationDays)}
	case len(c.Role) > mostInvitedRoles:
		return &console.UsageError{Cause: fmt.Errorf("--role is there %d times: want %d at most", len(c.Role),
			mostInvitedRoles)}
	}
	settings, err := config.LoadMail(c.MailFlags, c.Issuer)
	if err != nil {
		return err
	}
	return database.WithSealedStore(ctx, c.DatabaseFlags, c.SecretFlags, func(store *storage.Store) error {
		invited, err := c.invitation(ctx, store)
		if err != nil {
			return err
		}
		mails := mail.New(mail.Options{
			Store: store, Sender: *settings.Server, ServiceName: settings.ServiceName, Letters: settings.Letters,
		})
		err = invitation.Create(ctx, store, mails, invited)
		if errors.Is(err, invitation.ErrTaxIDTaken) {
			return errors.New("the tax id is that of another user")
		}
		if err != nil {
			return database.Explain(err, "client "+c.Client)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			newInvitationRow{invited.ID, console.Moment(invited.ExpiresAt)})
	})
}

// invitation makes what is stored, and the link of its mail.
func (c *invitationCreateCommand) invitation(
	ctx context.Context, store *storage.Store,
) (invited invitation.New, err error) {
	code, err := newSecret()
	if err != nil {
		return invited, err
	}
	now := store.Now()
	invited = invitation.New{
		Language: c.Language, Link: login.InvitationLink(c.Issuer, code),
		Invitation: storage.Invitation{
			ID: store.NewID(), Hash: storage.Hash(code), Email: c.Email, TaxID: c.TaxID, Inviter: c.Inviter, CreatedAt: now,
			ExpiresAt: now.Add(time.Duration(c.Days) * 24 * time.Hour),
		},
	}
	for _, name := range c.Role {
		role, err := store.FindRoleByName(ctx, name)
		if err != nil {
			return invited, database.Explain(err, "role "+name)
		}
		invited.Roles = append(invited.Roles, *role)
	}
	if c.Client != "" {
		invited.Client, err = store.LoadClient(ctx, c.Client)
	}
	return invited, database.Explain(err, "client "+c.Client)
}

type invitationListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (invitationListCommand) Help() string {
	return `Invitations are deleted a month after they expired.

Example:

    ithildin invitation list`
}

type invitationRow struct {
	ID        string         `json:"id"`
	Email     string         `json:"email"`
	ClientID  string         `json:"client_id"`
	State     string         `json:"state"`
	UserID    string         `json:"user_id"`
	CreatedAt console.Moment `json:"created_at"`
	ExpiresAt console.Moment `json:"expires_at"`
}

// Run prints the invitations without their links, of which only hashes are stored.
func (c *invitationListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		invitations, _, err := admin.PageOfInvitations(ctx, storage.InvitationFilter{}, storage.Page{})
		if err != nil {
			return err
		}
		var rows []invitationRow
		for _, i := range invitations {
			rows = append(rows, invitationRow{i.ID, i.Email, i.ClientID, i.State, i.UserID, console.Moment(i.CreatedAt),
				console.Moment(i.ExpiresAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type invitationRevokeCommand struct {
	ID string `arg:"" help:"The invitation's id, as list shows it."`
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (invitationRevokeCommand) Help() string {
	return `Example:

    ithildin invitation revoke 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44`
}

// Run ends the invitation.
func (c *invitationRevokeCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Revoke the invitation %s?", c.ID); err != nil {
			return err
		}
		return database.Explain(admin.RevokeInvitation(ctx, c.ID), "open invitation "+c.ID)
	})
}
