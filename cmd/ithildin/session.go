package main

import (
	"context"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
)

type sessionCommand struct {
	List sessionListCommand `cmd:"" help:"List the active sessions of a user, newest first."`
	End  sessionEndCommand  `cmd:"" help:"End one session of a user; user sign-out ends all of them."`
}

type sessionListCommand struct {
	userArgument
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (sessionListCommand) Help() string {
	return `Example:

    ithildin session list doctor@example.com`
}

type sessionRow struct {
	ID         string         `json:"session_id"`
	SignedInAt console.Moment `json:"signed_in_at"`
	LastUsedAt console.Moment `json:"last_used_at"`
	ExpiresAt  console.Moment `json:"expires_at"`
	AMR        []string       `json:"amr"`
	ACR        string         `json:"acr"`
	UserAgent  string         `json:"user_agent"`
}

// Run prints the sessions without the values of their cookies.
func (c *sessionListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		sessions, err := admin.ListLoginSessions(ctx, user.ID)
		if err != nil {
			return err
		}
		var rows []sessionRow
		for _, s := range sessions {
			rows = append(rows, sessionRow{
				ID: s.SessionID, SignedInAt: console.Moment(s.AuthTime), LastUsedAt: console.Moment(s.LastUsedAt),
				ExpiresAt: console.Moment(s.ExpiresAt), AMR: s.AMR, ACR: s.ACR, UserAgent: s.UserAgent,
			})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type sessionEndCommand struct {
	userArgument
	SessionID string `arg:"" help:"The session, as session list shows it."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (sessionEndCommand) Help() string {
	return `Tokens of the session without offline access end with it, and clients of the session are notified.

Example:

    ithildin session end doctor@example.com 0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44`
}

// Run ends the session.
func (c *sessionEndCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		_, err = admin.EndLoginSessionOf(ctx, user.ID, c.SessionID)
		return database.Explain(err, "session "+c.SessionID+" of user "+c.User)
	})
}
