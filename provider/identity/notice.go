package identity

import (
	"context"
	"log/slog"
	"time"

	"ithildin/storage"
)

// Notice is a change of an account that its owner is to be told of, and that no method of the Store tells of by itself
// as those for passwords, addresses and phones do (storage.AccountNotice).
type Notice struct {
	Kind   string // of the audit event of the change
	UserID string
	Name   string // of what was changed, where it has one
}

// noticeTimeout bounds the writing of a notice, which is stored whether or not the client still listens.
const noticeTimeout = 10 * time.Second

// Notify has the owner of an account told of a change. What was changed stays changed if that fails.
func (s *Service) Notify(ctx context.Context, n Notice) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
	defer cancel()
	err := s.store.NoteAccountChange(ctx, storage.AccountNotice{UserID: n.UserID, Kind: n.Kind, Name: n.Name})
	if err != nil {
		s.logger.LogAttrs(ctx, slog.LevelWarn, "the owner of an account is not told of a change",
			slog.String("user_id", n.UserID), slog.String("change", n.Kind), slog.Any("error", err))
	}
}
