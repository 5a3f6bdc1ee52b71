package invitation

import (
	"context"
	"errors"
	"strings"

	"ithildin/provider/mail"
	"ithildin/storage"
)

// ErrTaxIDTaken says that an account of another address has the tax id: two accounts of one tax id could not sign in by
// a digital signature any more.
var ErrTaxIDTaken = errors.New("invitation: the tax id is that of another user")

// New is an invitation that an operator makes.
type New struct {
	// Invitation is what is stored, but for the names that the letter says.
	storage.Invitation
	Roles    []storage.Role  // whose ids are stored
	Client   *storage.Client // for which the roles are; nil: everywhere
	Language string          // of the letter: mail.Ukrainian or mail.English
	Link     string          // to the page of the code whose hash is stored
}

// Create stores an invitation and queues its letter, or neither. It takes part in storage.Together. Errors:
// ErrTaxIDTaken; mail.ErrOff and mail.ErrNoLetter; storage.ErrConflict, where the id or the code is taken.
func Create(ctx context.Context, store *storage.Store, mails *mail.Service, n New) error {
	letter := mail.Mail{
		Purpose: mail.Invitation, To: n.Email, Language: n.Language, LinkID: n.ID, Link: n.Link, ExpiresAt: n.ExpiresAt,
		Details: mail.Details{Inviter: n.Inviter},
	}
	var names []string
	for _, role := range n.Roles {
		n.RoleIDs, names = append(n.RoleIDs, role.ID), append(names, role.Name)
	}
	letter.Details.Role = strings.Join(names, ", ")
	if n.Client != nil {
		n.ClientID, letter.Details.Organisation = n.Client.ID, n.Client.Name
	}
	return store.Together(ctx, func(ctx context.Context) error {
		if err := checkTaxID(ctx, store, n.Invitation); err != nil {
			return err
		}
		if err := store.CreateInvitation(ctx, n.Invitation); err != nil {
			return err
		}
		return mails.Enqueue(ctx, letter)
	})
}

func checkTaxID(ctx context.Context, store *storage.Store, i storage.Invitation) error {
	if i.TaxID == "" {
		return nil
	}
	user, err := store.FindUserByTaxID(ctx, i.TaxID)
	if errors.Is(err, storage.ErrNotFound) || err == nil && user.Email == storage.CanonicalEmail(i.Email) {
		return nil
	}
	if err != nil {
		return err
	}
	return ErrTaxIDTaken
}
