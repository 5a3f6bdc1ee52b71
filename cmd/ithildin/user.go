package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/identity"
	"ithildin/storage"
)

type userCommand struct {
	Create       userCreateCommand       `cmd:"" help:"Create a user."`
	List         userListCommand         `cmd:"" help:"List users."`
	Show         userShowCommand         `cmd:"" help:"Show a user."`
	Update       userUpdateCommand       `cmd:"" help:"Change a user's email address, tax number or profile."`
	Block        userBlockCommand        `cmd:"" help:"Block a user, and end their sessions and tokens."`
	Unblock      userUnblockCommand      `cmd:"" help:"End a block."`
	SetPassword  userSetPasswordCommand  `cmd:"" help:"Set another password, and end the sessions of the user."`
	PasswordLink userPasswordLinkCommand `cmd:"" help:"Make a link by which a user chooses a password, once."`
	SignOut      userSignOutCommand      `cmd:"" help:"End every session of a user."`
	Factor       userFactorCommand       `cmd:"" help:"Manage the second factors of a user."`
	Delete       userDeleteCommand       `cmd:"" help:"Delete a user with their sessions, approvals, roles and tokens."`
}

// passwordFlag says where a password is read.
type passwordFlag struct {
	PasswordFile string `placeholder:"PATH" help:"@password_file"`
	MustChange   bool   `help:"Require another password at the next sign-in."`
}

// read reads a password, or makes one, which generated then holds.
func (f passwordFlag) read(terminal console.Terminal) (password, generated string, err error) {
	if f.PasswordFile != "" {
		password, err = terminal.ReadSecret(f.PasswordFile, "Password")
		return password, "", err
	}
	generated, err = newSecret()
	return generated, generated, err
}

// checkPassword applies the rules for new passwords, which are the same everywhere.
func checkPassword(password, email string) error {
	if err := identity.CheckNewPassword(password, email); err != nil {
		return &console.UsageError{Cause: err}
	}
	return nil
}

type userCreateCommand struct {
	Email       string `arg:"" help:"Email address, by which the user signs in."`
	ID          string `placeholder:"UUID" help:"@id"`
	TaxID       string `placeholder:"TEXT" help:"Tax number."`
	ProfileFile string `placeholder:"PATH" help:"@profile_file"`
	passwordFlag
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userCreateCommand) Help() string {
	return `Example:

    ithildin user create doctor@example.com --profile-file doctor.json

    pass doctor | ithildin user create doctor@example.com --password-file - --must-change

A password must have at least 12 characters and must not be one that attackers try first. There is no rule about kinds
of characters.`
}

type newUserRow struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Password string `json:"password,omitempty"`
}

// Run stores the user and prints a password that it made, this once.
func (c *userCreateCommand) Run(ctx context.Context, terminal console.Terminal) error {
	if err := checkEmail(c.Email); err != nil {
		return err
	}
	if c.ID != "" && uuid.Validate(c.ID) != nil {
		return &console.UsageError{Cause: fmt.Errorf("--id %q is no UUID", c.ID)}
	}
	profile, err := readProfile(c.ProfileFile, terminal)
	if err != nil {
		return err
	}
	password, generated, err := c.read(terminal)
	if err != nil {
		return err
	}
	if err := checkPassword(password, c.Email); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		now := admin.Now()
		user := storage.User{
			ID: cmp.Or(c.ID, admin.NewID()), Email: c.Email, PasswordSetAt: now, TaxID: c.TaxID,
			Profile:            profile,
			MustChangePassword: c.MustChange, CreatedAt: now, UpdatedAt: now,
		}
		if err := admin.AddUser(ctx, user, password); err != nil {
			return database.Explain(err, "user "+c.Email)
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			newUserRow{ID: user.ID, Email: user.Email, Password: generated})
	})
}

type userListCommand struct {
	After string `placeholder:"EMAIL" help:"List users after this email address."`
	Limit int    `default:"100" help:"Maximum number of users."`
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userListCommand) Help() string {
	return `Example:

    ithildin user list --after doctor@example.com --limit 20`
}

type userRow struct {
	Email     string         `json:"email"`
	ID        string         `json:"id"`
	Blocked   bool           `json:"blocked"`
	CreatedAt console.Moment `json:"created_at"`
}

// Run prints a page of users in the order of email addresses.
func (c *userListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		users, err := admin.ListUsers(ctx, strings.ToLower(c.After), c.Limit)
		if err != nil {
			return err
		}
		var rows []userRow
		for _, u := range users {
			rows = append(rows, userRow{u.Email, u.ID, u.IsBlocked, console.Moment(u.CreatedAt)})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

// userArgument names a user.
type userArgument struct {
	User string `arg:"" help:"The user, by email address or id."`
}

// userFinder finds users. A database does, and a server through its admin API.
type userFinder interface {
	FindUser(ctx context.Context, id string) (*storage.User, error)
	FindUserByEmail(ctx context.Context, email string) (*storage.User, error)
}

func findUser(ctx context.Context, admin userFinder, name string) (*storage.User, error) {
	find := admin.FindUser
	if strings.Contains(name, "@") {
		find = admin.FindUserByEmail
	}
	user, err := find(ctx, name)
	return user, database.Explain(err, "user "+name)
}

type userShowCommand struct {
	userArgument
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userShowCommand) Help() string {
	return `Example:

    ithildin user show doctor@example.com`
}

type userRecord struct {
	ID            string          `json:"id"`
	Email         string          `json:"email"`
	TaxID         string          `json:"tax_id"`
	Profile       json.RawMessage `json:"profile"`
	Blocked       bool            `json:"blocked"`
	BlockReason   string          `json:"block_reason"`
	PasswordSetAt console.Moment  `json:"password_set_at"`
	MustChange    bool            `json:"must_change_password"`
	CreatedAt     console.Moment  `json:"created_at"`
	UpdatedAt     console.Moment  `json:"updated_at"`
	Roles         []userRoleRow   `json:"roles"`
}

// Run prints all but the password.
func (c *userShowCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		u, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		held, err := admin.ListUserRoles(ctx, u.ID)
		if err != nil {
			return err
		}
		roles := []userRoleRow{}
		for _, role := range held {
			roles = append(roles, userRoleRow{Role: role.RoleName, Client: role.ClientID})
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag, userRecord{
			ID: u.ID, Email: u.Email, TaxID: u.TaxID, Profile: u.Profile, Blocked: u.IsBlocked, BlockReason: u.BlockReason,
			PasswordSetAt: console.Moment(u.PasswordSetAt), MustChange: u.MustChangePassword,
			CreatedAt: console.Moment(u.CreatedAt), UpdatedAt: console.Moment(u.UpdatedAt), Roles: roles,
		})
	})
}

type userBlockCommand struct {
	userArgument
	Reason string `required:"" help:"Reason, for the audit."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (userBlockCommand) Help() string {
	return `Example:

    ithildin user block doctor@example.com --reason "left the clinic"`
}

// Run blocks the user.
func (c *userBlockCommand) Run(ctx context.Context) error {
	if err := checkText("--reason", c.Reason); err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		return database.Explain(admin.BlockUser(ctx, user.ID, c.Reason), "a block of user "+c.User)
	})
}

type userUnblockCommand struct {
	userArgument
	config.TargetFlags
}

// Help shows how the verb is used.
func (userUnblockCommand) Help() string {
	return `Example:

    ithildin user unblock doctor@example.com`
}

// Run lifts the block.
func (c *userUnblockCommand) Run(ctx context.Context) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		return admin.UnblockUser(ctx, user.ID)
	})
}

type userSetPasswordCommand struct {
	userArgument
	passwordFlag
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (userSetPasswordCommand) Help() string {
	return `Example:

    ithildin user set-password doctor@example.com --password-file - --must-change

A password must have at least 12 characters and must not be one that attackers try first. There is no rule about kinds
of characters.`
}

// Run stores the password and prints one that it made, this once.
func (c *userSetPasswordCommand) Run(ctx context.Context, terminal console.Terminal) error {
	password, generated, err := c.read(terminal)
	if err != nil {
		return err
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		user, err := findUser(ctx, admin, c.User)
		if err != nil {
			return err
		}
		if err := checkPassword(password, user.Email); err != nil {
			return err
		}
		if err := admin.ReplacePassword(ctx, user.ID, password, c.MustChange); err != nil {
			return err
		}
		return console.PrintRecord(terminal.Out, c.FormatFlag,
			newUserRow{ID: user.ID, Email: user.Email, Password: generated})
	})
}
