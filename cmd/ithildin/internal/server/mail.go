package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/mail"
	"ithildin/storage"
)

const (
	// mailInterval is how often the queue of mails is looked at: somebody is waiting for the mail.
	mailInterval = 2 * time.Second
	// mailLease is half of how long one process sends alone. A process that ends without releasing it delays mails for so
	// long at most.
	mailLease     = 15 * time.Second
	mailLeaseName = "mail"
)

// newMail makes what writes and sends mails. A development server without a mail server writes them to its log.
func newMail(
	s *config.Settings, store *storage.Store, logger *slog.Logger, registry prometheus.Registerer,
) *mail.Service {
	o := mail.Options{
		Store: store, ServiceName: s.Mail.ServiceName, Letters: s.Mail.Letters, PerMinute: s.Mail.PerMinute, Logger: logger,
		Metrics: registry,
	}
	switch {
	case s.Mail.Server != nil:
		o.Sender = *s.Mail.Server
	case s.Dev:
		o.Sender = mail.LogSender{Logger: logger}
	}
	return mail.New(o)
}

// deliverMail sends the mails that are due if this process has the lease.
func (s *service) deliverMail(ctx context.Context, holder string) {
	isDue, err := s.mail.IsDue(ctx)
	if err == nil && isDue && s.acquireLease(ctx, mailLeaseName, holder, mailLease) {
		err = s.mail.Deliver(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.logger.Warn("reading the queue of mails failed", "cause", err)
	}
}
