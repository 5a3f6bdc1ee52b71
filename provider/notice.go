package provider

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/mail"
	"ithildin/storage"
)

const (
	// noticesAtOnce are read in one go.
	noticesAtOnce = 50
	// noticeTimeout is how long the SMS service may take with a notice.
	noticeTimeout = 10 * time.Second
)

// noticeLetters are the letters about the changes of accounts, by the kinds of storage.AccountNotice.
var noticeLetters = map[string]mail.Purpose{
	storage.EventPasswordSet:     mail.PasswordChanged,
	storage.EventFactorChanged:   mail.PhoneChanged,
	storage.NoticeEmailChanged:   mail.EmailChanged,
	storage.NoticeFactorReset:    mail.FactorReset,
	storage.NoticeFactorDisabled: mail.FactorDisabled,
	storage.NoticeCodesBlocked:   mail.AccountBlocked,
	storage.EventPasskeyCreated:  mail.PasskeyAdded,
	storage.EventPasskeyDeleted:  mail.PasskeyRemoved,
	storage.EventPasskeyCloned:   mail.PasskeyCloned,

	storage.EventFactorCreated:        mail.FactorAdded,
	storage.EventFactorDeleted:        mail.FactorRemoved,
	storage.EventRecoveryCodesCreated: mail.RecoveryCodesMade,
	storage.EventRecoveryCodeUsed:     mail.RecoveryCodeUsed,
}

// noticeMessages are what the phone that got codes so far is told. They are Ukrainian, as the phones are.
var noticeMessages = map[string]string{
	storage.EventFactorChanged: "Номер телефону для входу до вашого облікового запису змінено. Якщо це зробили не ви, " +
		"негайно зверніться до адміністратора.",
	storage.NoticeFactorReset: "Номер телефону для входу вилучено з вашого облікового запису. Якщо ви про це не " +
		"просили, негайно зверніться до адміністратора.",
	storage.NoticeFactorDisabled: "Код із SMS для входу до вашого облікового запису вимкнено. Якщо ви про це не " +
		"просили, негайно зверніться до адміністратора.",
}

// notices tell people what was changed of their accounts, by mail, and at the phone that got codes so far.
type notices struct {
	store  *storage.Store
	mail   *mail.Service
	sms    identity.SMSSender // nil: there is none
	logger *slog.Logger
}

// DeliverNotices tells people of the changes of their accounts that the Store has noted since. Two at once do no harm:
// each notice is taken by one of them. Where no mail is sent the notices are removed. The error is the database's.
func (p *Provider) DeliverNotices(ctx context.Context) error {
	for {
		due, err := p.notices.store.AccountNotices(ctx, noticesAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, n := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.notices.tell(context.WithoutCancel(ctx), n); err != nil {
				return err
			}
		}
	}
}

// tell puts the letter of a notice in the place of its row, then tells the phone.
func (n notices) tell(ctx context.Context, notice storage.AccountNotice) error {
	taken := false
	var unsendable error
	err := n.store.Together(ctx, func(ctx context.Context) (err error) {
		if taken, err = n.store.TakeAccountNotice(ctx, notice.ID); err != nil || !taken || !n.mail.IsOn() {
			return err
		}
		err = n.mail.Enqueue(ctx, letterOf(notice))
		if errors.Is(err, mail.ErrNoLetter) {
			unsendable, err = err, nil
		}
		return err
	})
	if err != nil || !taken {
		return err
	}
	if unsendable != nil {
		n.warn(ctx, notice, "the owner of an account was not told of a change by mail", unsendable)
	}
	if message := noticeMessages[notice.Kind]; message != "" && notice.FormerPhone != "" && n.sms != nil {
		ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
		defer cancel()
		if err := n.sms.Send(ctx, notice.FormerPhone, message); err != nil {
			n.warn(ctx, notice, "the number before was not told that the second factor was changed", err)
		}
	}
	return nil
}

func (n notices) warn(ctx context.Context, notice storage.AccountNotice, message string, err error) {
	n.logger.LogAttrs(ctx, slog.LevelWarn, message, slog.String("user_id", notice.UserID),
		slog.String("change", notice.Kind), slog.Any("error", err))
}

// letterOf is Ukrainian, for nobody knows another language of theirs, and whoever has made the change may be somebody
// else.
func letterOf(notice storage.AccountNotice) mail.Mail {
	letter := mail.Mail{
		Purpose: noticeLetters[notice.Kind], To: notice.Email, Language: mail.Ukrainian, UserID: notice.UserID,
		ExpiresAt: notice.ExpiresAt, Details: mail.Details{At: notice.At, Factor: notice.Name},
	}
	if notice.Phone != "" {
		letter.Details.Phone = identity.MaskPhone(notice.Phone)
	}
	return letter
}
