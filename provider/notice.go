package provider

import (
	"context"
	"log/slog"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// noticeLifetime is for how long a mail server may be away before a notice is given up.
const noticeLifetime = 72 * time.Hour

// notices tell people by mail what was changed of their accounts.
type notices struct {
	store  *storage.Store
	mail   *mail.Service
	now    func() time.Time
	logger *slog.Logger
}

// send stores a letter to the owner of an account. It is Ukrainian, for nobody knows another language of theirs, and
// whoever has made the change may be somebody else.
func (n notices) send(ctx context.Context, of identity.Notice) {
	if !n.mail.IsOn() {
		return
	}
	user, err := n.store.FindUser(ctx, of.UserID)
	if err == nil {
		letter := mail.Mail{
			Purpose: mail.PasswordChanged, To: user.Email, Language: mail.Ukrainian, UserID: user.ID,
			ExpiresAt: n.now().Add(noticeLifetime), Details: mail.Details{At: n.now()},
		}
		if of.Kind == storage.EventFactorChanged {
			letter.Purpose, letter.Details.Phone = mail.PhoneChanged, identity.MaskPhone(of.Phone)
		}
		err = n.mail.Enqueue(ctx, letter)
	}
	if err != nil {
		n.logger.LogAttrs(ctx, slog.LevelWarn, "the owner of an account was not told of a change by mail",
			slog.String("user_id", of.UserID), slog.String("change", of.Kind), slog.Any("error", err))
	}
}
