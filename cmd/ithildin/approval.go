package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/storage"
)

type approvalCommand struct {
	List   approvalListCommand   `cmd:"" help:"List the approvals of a user."`
	Revoke approvalRevokeCommand `cmd:"" help:"Withdraw an approval, and revoke its tokens."`
}

type approvalListCommand struct {
	userArgument
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (approvalListCommand) Help() string {
	return `Example:

    ithildin approval list doctor@example.com`
}

type approvalRow struct {
	ClientID  string         `json:"client_id"`
	Scope     []string       `json:"scope"`
	Claims    []string       `json:"claims"`
	CreatedAt console.Moment `json:"created_at"`
	UpdatedAt console.Moment `json:"updated_at"`
}

// Run prints the approvals in the order of client ids.
func (c *approvalListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		approvals, err := admin.ListApprovals(ctx, user.ID)
		if err != nil {
			return err
		}
		var rows []approvalRow
		for _, a := range approvals {
			rows = append(rows, approvalRow{a.ClientID, a.Scope, a.Claims, console.Moment(a.CreatedAt),
				console.Moment(a.UpdatedAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type approvalRevokeCommand struct {
	userArgument
	Client string `arg:"" help:"The client_id."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (approvalRevokeCommand) Help() string {
	return `The codes, grants and tokens of the user and the client are revoked, and the client is notified. The sessions
of the user continue.

Example:

    ithildin approval revoke doctor@example.com clinic`
}

// Run takes the approval back.
func (c *approvalRevokeCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		approvals, err := admin.ListApprovals(ctx, user.ID)
		if err != nil {
			return err
		}
		err = storage.ErrNotFound
		for _, approval := range approvals {
			if approval.ClientID == foldUUID(c.Client) {
				err = admin.DeleteApproval(ctx, approval.ID)
			}
		}
		return database.Explain(err, "an approval of user "+c.User+" for client "+c.Client)
	})
}
