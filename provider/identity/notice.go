package identity

import "context"

// Notice is a change of an account that its owner is to be told of.
type Notice struct {
	Kind   string // storage.EventPasswordSet or storage.EventFactorChanged
	UserID string
	Phone  string // the new one, with EventFactorChanged
}

// Notify tells the owner of an account, whether or not the client still listens. What was changed stays changed if that
// fails.
func (s *Service) Notify(ctx context.Context, n Notice) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeTimeout)
	defer cancel()
	s.told(ctx, n)
}
