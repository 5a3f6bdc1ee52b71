package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/login"
	"ithildin/storage"
)

const (
	shortestPasswordLink = 5 * time.Minute
	longestPasswordLink  = 24 * time.Hour
)

// passwordLinkFlag says how long a link to set a password is good.
type passwordLinkFlag struct {
	LinkLifetime time.Duration `default:"1h" placeholder:"1h" help:"How long the link is good, 5m to 24h; default 1h."`
}

func (f passwordLinkFlag) validate() error {
	if f.LinkLifetime < shortestPasswordLink || f.LinkLifetime > longestPasswordLink {
		return &console.UsageError{Cause: fmt.Errorf("--link-lifetime is %v: want %v to %v", f.LinkLifetime,
			shortestPasswordLink, longestPasswordLink)}
	}
	return nil
}

// store stores a link by which a user sets their password once, in the place of an earlier one. It takes part in
// storage.Together.
func (f passwordLinkFlag) store(
	ctx context.Context, store *storage.Store, user *storage.User, issuer string,
) (link string, expires time.Time, err error) {
	secret, err := newSecret()
	if err != nil {
		return "", time.Time{}, err
	}
	reset, err := login.NewPasswordReset(user, store.NewID(), secret, store.Now(), f.LinkLifetime)
	if err != nil {
		return "", time.Time{}, err
	}
	return login.PasswordLink(issuer, secret), reset.ExpiresAt, store.CreatePasswordReset(ctx, reset)
}

// recordPasswordLink keeps in the audit that somebody was given such a link.
func recordPasswordLink(ctx context.Context, store *storage.Store, userID string) error {
	return store.RecordEvents(ctx, []storage.Event{storage.ByActor(ctx, storage.Event{
		Kind: storage.EventPasswordResetSent, UserID: userID,
	})})
}

type userPasswordLinkCommand struct {
	userArgument
	passwordLinkFlag
	Issuer string `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"The server, whose address the link begins with."`
	config.DatabaseFlags
	config.SecretFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userPasswordLinkCommand) Help() string {
	return `It is for an installation that sends no mail. The link opens a page on which the user chooses a password, and
works once; a newer one replaces it. Whoever has it can take the account: give it to its owner alone, by a way on which
you are sure of them. In the same browser they may then add their first second factor.

Example:

    ithildin user password-link doctor@example.com`
}

type passwordLinkRow struct {
	Email     string         `json:"email"`
	Link      string         `json:"link"`
	ExpiresAt console.Moment `json:"expires_at"`
}

// Run prints the link, this once.
func (c *userPasswordLinkCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if err := c.validate(); err != nil {
		return err
	}
	if c.Issuer == "" {
		return &console.UsageError{Cause: errors.New("ITHILDIN_ISSUER is required: the link begins with it")}
	}
	return database.WithSealedStore(ctx, c.DatabaseFlags, c.SecretFlags, func(store *storage.Store) error {
		user, err := findUser(ctx, store, c.User)
		if err != nil {
			return err
		}
		if user.IsBlocked {
			return console.WithHint("ithildin user unblock ends the block",
				fmt.Errorf("user %s is blocked", user.Email))
		}
		link, expires, err := c.store(ctx, store, user, c.Issuer)
		if err != nil {
			return err
		}
		if err := recordPasswordLink(ctx, store, user.ID); err != nil {
			return err
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			passwordLinkRow{user.Email, link, console.Moment(expires)})
	})
}
