package invitation

import (
	"context"
	"errors"
	"strings"

	"ithildin/provider/mail"
	"ithildin/storage"
)

// Kept are the invitations in the database of this server, which an operator makes. It is safe for concurrent use.
type Kept struct {
	store        *storage.Store
	hashPassword func(ctx context.Context, password string) (string, error)
	factorType   string
}

// NewKept makes Kept. hashPassword makes the hash of a password that a new person chose. New accounts get a second
// factor of that type, whose phone is still to be set; none where the type is "".
func NewKept(
	store *storage.Store, hashPassword func(ctx context.Context, password string) (string, error), factorType string,
) *Kept {
	return &Kept{store: store, hashPassword: hashPassword, factorType: factorType}
}

// Find reads the invitation of a code. Errors: ErrUnknown.
func (k *Kept) Find(ctx context.Context, code string) (*Invitation, error) {
	row, err := k.store.FindInvitation(ctx, storage.Hash(code))
	if err != nil {
		return nil, unknown(err)
	}
	i := &Invitation{
		ID: row.ID, Email: row.Email, TaxID: row.TaxID, ClientID: row.ClientID, Inviter: mail.OneLine(row.Inviter), kept: row,
	}
	switch {
	case row.State == storage.InvitationAccepted:
		i.State = Accepted
	case row.State == storage.InvitationRejected:
		i.State = Rejected
	case row.State != storage.InvitationOpen || !row.ExpiresAt.After(k.store.Now()):
		i.State = Over
	}
	roles, err := k.store.Roles(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, id := range row.RoleIDs {
		names = append(names, roles[id].Name)
	}
	i.Role = mail.OneLine(strings.Join(names, ", "))
	if row.ClientID != "" {
		client, err := k.store.Client(ctx, row.ClientID)
		if err != nil {
			return nil, unknown(err)
		}
		i.Organisation = mail.OneLine(client.Name)
	}
	return i, nil
}

// unknown words what is not there in the words of a source.
func unknown(err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return errors.Join(ErrUnknown, err)
	}
	return err
}

// Register makes an account for the invited address, with a password and the tax id of the invitation. Errors:
// ErrRefused, where there is an account already; those of hashing.
func (k *Kept) Register(ctx context.Context, i *Invitation, password string) error {
	hash, err := k.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	now := k.store.Now()
	user := storage.User{
		ID: k.store.NewID(), Email: i.Email, Password: hash, PasswordSetAt: now, TaxID: i.TaxID, CreatedAt: now,
		UpdatedAt: now,
	}
	err = k.store.Together(ctx, func(ctx context.Context) error {
		if err := k.store.CreateUser(ctx, user); err != nil || k.factorType == "" {
			return err
		}
		return k.store.CreateAuthenticationFactor(ctx, storage.AuthenticationFactor{
			ID: k.store.NewID(), UserID: user.ID, Type: k.factorType, IsActive: true, CreatedAt: now, UpdatedAt: now,
		})
	})
	if errors.Is(err, storage.ErrConflict) {
		return errors.Join(ErrRefused, err)
	}
	return err
}

// Accept gives the roles of an invitation to the person of a login session, and records that in the audit with them.
// Errors: as Reject.
func (k *Kept) Accept(ctx context.Context, i *Invitation, login *storage.Login) error {
	return k.answer(ctx, i, login, k.store.AcceptInvitation)
}

// Reject declines an invitation in the name of the person of a login session. Errors: ErrOver, where it takes no answer
// any more; ErrUnknown.
func (k *Kept) Reject(ctx context.Context, i *Invitation, login *storage.Login) error {
	return k.answer(ctx, i, login, k.store.RejectInvitation)
}

func (k *Kept) answer(ctx context.Context, i *Invitation, login *storage.Login,
	answer func(context.Context, storage.Invitation, string) error) error {
	err := answer(ctx, *i.kept, login.User.ID)
	if errors.Is(err, storage.ErrUsed) {
		return errors.Join(ErrOver, err)
	}
	return unknown(err)
}
