package mail

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"ithildin/storage"
)

const (
	// mailsAtOnce are read from the queue in one go.
	mailsAtOnce = 20
	// shortestPause and longestPause are between two attempts of one letter; each pause is twice the one before.
	shortestPause = time.Minute
	longestPause  = time.Hour
	// serverPause is how long nothing is sent after the mail server was unreachable.
	serverPause = 30 * time.Second
)

// IsDue returns whether Deliver has something to do: it saves the lease where the queue is empty.
func (s *Service) IsDue(ctx context.Context) (bool, error) {
	waiting, err := s.store.CountQueuedMails(ctx)
	s.metrics.waiting.Set(float64(waiting))
	return waiting > 0 && s.now().Unix() >= s.resume.Load(), err
}

// Deliver sends every letter that is due, and drops those whose time is over. It ends early if the mail server is
// unreachable, if as many letters were sent in this minute as may be, or if the context ends; a letter that is being
// sent then is finished. Two at once do no harm. The error is the database's.
func (s *Service) Deliver(ctx context.Context) error {
	dropped, err := s.store.DropExpiredMails(ctx)
	if err != nil {
		return err
	}
	if dropped > 0 {
		s.metrics.dropExpired(dropped)
		s.logger.Warn("mails were dropped: they could not be sent in their time", "mails", dropped)
	}
	for s.IsOn() {
		due, err := s.store.DueMails(ctx, mailsAtOnce)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, m := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			err := s.deliver(context.WithoutCancel(ctx), m)
			if errors.Is(err, ErrUnreachable) {
				s.resume.Store(s.now().Add(serverPause).Unix())
				return nil
			}
			if errors.Is(err, storage.ErrMailCeiling) {
				return s.hold(ctx)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// hold leaves the letters in the queue until the next minute of the clock, and says once for all processes how many
// wait.
func (s *Service) hold(ctx context.Context) error {
	s.resume.Store(s.now().Truncate(time.Minute).Add(time.Minute).Unix())
	held, err := s.store.ReportHeldMails(ctx)
	if err == nil && held > 0 {
		s.metrics.held.Add(float64(held))
		s.logger.Warn("mails wait for the next minute: as many were sent in this one as ITHILDIN_MAILS_PER_MINUTE allows",
			"mails", held, "mails_per_minute", s.perMinute)
	}
	return err
}

// deliver makes one attempt of a letter, if it is not another's. It returns ErrUnreachable, or an error of the store:
// storage.ErrMailCeiling, or the database's.
func (s *Service) deliver(ctx context.Context, m storage.QueuedMail) error {
	purpose := Purpose(m.Purpose)
	claimed, err := s.store.ClaimMail(ctx, m, s.now().Add(pause(m.Attempts)), s.perMinute)
	if err != nil || !claimed {
		return err
	}
	err = s.send(ctx, m)
	switch {
	case err == nil:
		s.metrics.count(purpose, resultSent)
		s.logger.Info("a mail was sent", "mail", m.ID, "purpose", m.Purpose, "attempts", m.Attempts+1)
		return s.store.MarkMailSent(ctx, m.ID)
	case errors.Is(err, ErrRefused):
		s.metrics.count(purpose, resultDropped)
		s.logger.Warn("a mail was dropped: the mail server refuses it", "mail", m.ID, "purpose", m.Purpose,
			"code", codeOf(err))
		return s.store.DropMail(ctx, m.ID)
	}
	s.metrics.count(purpose, resultFailed)
	s.logger.Warn("sending a mail failed, it is tried again", "mail", m.ID, "purpose", m.Purpose,
		"attempts", m.Attempts+1, "code", codeOf(err), "cause", withoutAddresses(err))
	if errors.Is(err, ErrUnreachable) {
		return err
	}
	return nil
}

// send opens a letter and sends it.
func (s *Service) send(ctx context.Context, m storage.QueuedMail) error {
	content, err := s.store.OpenMail(m)
	if err != nil {
		return err
	}
	var message Message
	if err := json.Unmarshal(content, &message); err != nil {
		return errors.New("mail: the stored letter has no known form")
	}
	return s.sender.Send(ctx, message)
}

// pause is how long to wait after an attempt, of which there were so many before.
func pause(attempts int64) time.Duration {
	return min(shortestPause<<min(attempts, 6), longestPause)
}
