package identity

import (
	"context"
	"log/slog"
	"time"

	"ithildin/storage"
)

// factorChangedText is Ukrainian, as the phones are.
const factorChangedText = "Номер телефону для входу до вашого облікового запису змінено. Якщо це зробили не ви, " +
	"негайно зверніться до адміністратора."

// noticeTimeout is how long the SMS service may take with a notice, which goes out whether or not the client still
// listens.
const noticeTimeout = 10 * time.Second

// ReplaceFactor makes f.Factor, which its user has just proved to have, the second factor in the place of before, ""
// where there was none. The number before is told. Errors: storage.ErrConflict where the factor is another than before
// by now.
func (s *Service) ReplaceFactor(ctx context.Context, f storage.AuthenticationFactor, before string) error {
	if err := s.store.ReplaceAuthenticationFactor(ctx, f, before); err != nil {
		return err
	}
	if before == "" || before == f.Factor {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
	defer cancel()
	if err := s.components.SMS.Send(ctx, before, factorChangedText); err != nil {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "the number before was not told that the second factor was changed",
			slog.String("user_id", f.UserID), slog.Any("error", err))
	}
	return nil
}
