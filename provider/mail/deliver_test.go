package mail_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
	"ithildin/provider/mail/mailtest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// post is a service on a database of its own, with the mail server that it sends to.
type post struct {
	t        *testing.T
	clock    *storagetest.Clock
	store    *storage.Store
	service  *mail.Service
	server   *mailtest.Server
	log      *bytes.Buffer
	registry *prometheus.Registry
}

func newPost(t *testing.T, engine storagetest.Engine) *post {
	p := &post{
		t: t, clock: storagetest.NewClock(), server: mailtest.New(t, mailtest.Options{}), log: &bytes.Buffer{},
		registry: prometheus.NewRegistry(),
	}
	p.store = engine.Open(t, storagetest.At(p.clock))
	p.service = mail.New(mail.Options{
		Store: p.store, Sender: sender(p.server, mail.StartTLS), ServiceName: "Portal", Now: p.clock.Now,
		Logger: slog.New(slog.NewTextHandler(p.log, nil)), Metrics: p.registry,
	})
	return p
}

// reset is a letter to a doctor about a link that is good for half an hour.
func (p *post) reset() mail.Mail {
	return mail.Mail{
		Purpose: mail.PasswordReset, To: "doctor@clinic.example", Language: mail.English, LinkID: p.store.NewID(),
		Link: "https://id.example/login/reset?link=secret", ExpiresAt: p.clock.Now().Add(30 * time.Minute),
	}
}

func (p *post) deliver() { require.NoError(p.t, p.service.Deliver(p.t.Context())) }

func (p *post) enqueue(m mail.Mail) { require.NoError(p.t, p.service.Enqueue(p.t.Context(), m)) }

// counted is the value of ithildin_mails_total.
func (p *post) counted(purpose, result string) float64 {
	families, err := p.registry.Gather()
	require.NoError(p.t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if labels := m.GetLabel(); f.GetName() == "ithildin_mails_total" && labels[0].GetValue() == purpose &&
				labels[1].GetValue() == result {
				return m.GetCounter().GetValue()
			}
		}
	}
	p.t.Fatalf("no series %s %s", purpose, result)
	return 0
}

func TestQueuedMailIsSentOnceAndThenForgotten(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPost(t, engine)
		m := p.reset()
		p.enqueue(m)
		p.enqueue(m)
		isDue, err := p.service.IsDue(t.Context())
		require.NoError(t, err)
		require.True(t, isDue)
		p.deliver()
		p.deliver()
		p.enqueue(m)
		p.deliver()
		got := p.server.Received()
		require.Len(t, got, 1, "a link has one letter")
		require.Contains(t, got[0].Text, m.Link)
		require.Equal(t, 1.0, p.counted("password_reset", "sent"))
		isDue, err = p.service.IsDue(t.Context())
		require.NoError(t, err)
		require.False(t, isDue)
		require.NotContains(t, p.log.String(), "secret")
		require.NotContains(t, p.log.String(), "doctor")
	})
}

func TestMailIsStoredWithItsTransactionOrNotAtAll(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPost(t, engine)
		fault := errors.New("the link could not be stored")
		for _, want := range []error{fault, nil} {
			err := p.store.Together(t.Context(), func(ctx context.Context) error {
				if err := p.service.Enqueue(ctx, p.reset()); err != nil {
					return err
				}
				return want
			})
			require.ErrorIs(t, err, want)
		}
		p.deliver()
		require.Len(t, p.server.Received(), 1)
	})
}

func TestFailedMailIsSentAgainUntilItsLinkIsOver(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPost(t, engine)
		attempts := 0
		p.server.Refuse(func(string) error { attempts++; return mailtest.Temporarily })
		m := p.reset()
		m.ExpiresAt = p.clock.Now().Add(5 * time.Hour)
		p.enqueue(m)
		var at []int
		for minute := range 5*60 + 1 {
			before := attempts
			p.deliver()
			if attempts > before {
				at = append(at, minute)
			}
			p.clock.Advance(time.Minute)
		}
		require.Equal(t, []int{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}, at)
		require.Equal(t, 1.0, p.counted("any", "expired"))
		require.Equal(t, 10.0, p.counted("password_reset", "failed"))
		p.server.Refuse(nil)
		p.deliver()
		require.Empty(t, p.server.Received())
		require.NotContains(t, p.log.String(), "doctor", "what the mail server says may repeat the address")
	})
}

func TestMailThatFailedOnceArrivesAtTheNextAttempt(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	p.server.Refuse(func(string) error { return mailtest.Temporarily })
	p.enqueue(p.reset())
	p.deliver()
	p.server.Refuse(nil)
	p.deliver()
	require.Empty(t, p.server.Received(), "not before a minute has passed")
	p.clock.Advance(time.Minute)
	p.deliver()
	require.Len(t, p.server.Received(), 1)
}

func TestRefusedRecipientIsNotTriedAgain(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	p.server.Refuse(func(string) error { return mailtest.Permanently })
	p.enqueue(p.reset())
	p.deliver()
	require.Equal(t, 1.0, p.counted("password_reset", "dropped"))
	waiting, err := p.store.CountQueuedMails(t.Context())
	require.NoError(t, err)
	require.Zero(t, waiting)
}

func TestUnreachableMailServerIsLeftAloneForAWhile(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	away := sender(p.server, mail.StartTLS)
	away.Port = 1
	calls := 0
	service := mail.New(mail.Options{
		Store: p.store, Now: p.clock.Now, Sender: sendFunc(func(ctx context.Context, m mail.Message) error {
			calls++
			return away.Send(ctx, m)
		}),
	})
	for range 3 {
		require.NoError(t, service.Enqueue(t.Context(), p.reset()))
	}
	require.NoError(t, service.Deliver(t.Context()))
	require.Equal(t, 1, calls, "the others wait for a server that answers")
	isDue, err := service.IsDue(t.Context())
	require.NoError(t, err)
	require.False(t, isDue)
	p.clock.Advance(30 * time.Second)
	isDue, err = service.IsDue(t.Context())
	require.NoError(t, err)
	require.True(t, isDue)
}

type sendFunc func(ctx context.Context, m mail.Message) error

func (f sendFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }

func TestManyProcessesSendEachMailOnce(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPost(t, engine)
		const mails = 30
		for range mails {
			p.enqueue(p.reset())
		}
		var mu sync.Mutex
		delivered := map[string]int{}
		record := sendFunc(func(_ context.Context, m mail.Message) error {
			mu.Lock()
			defer mu.Unlock()
			delivered[m.ID]++
			return nil
		})
		var running sync.WaitGroup
		failures := make(chan error, 10)
		for range 10 {
			running.Go(func() {
				failures <- mail.New(mail.Options{Store: p.store, Sender: record, Now: p.clock.Now}).Deliver(t.Context())
			})
		}
		running.Wait()
		close(failures)
		for err := range failures {
			require.NoError(t, err)
		}
		require.Len(t, delivered, mails)
		for id, n := range delivered {
			require.Equal(t, 1, n, id)
		}
	})
}

func TestNothingIsQueuedWithoutAMailServer(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	off := mail.New(mail.Options{Store: p.store, Now: p.clock.Now})
	require.False(t, off.IsOn())
	require.ErrorIs(t, off.Enqueue(t.Context(), p.reset()), mail.ErrOff)
	p.enqueue(p.reset())
	p.clock.Advance(time.Hour)
	require.NoError(t, off.Deliver(t.Context()), "what was left is still dropped when its time is over")
	waiting, err := p.store.CountQueuedMails(t.Context())
	require.NoError(t, err)
	require.Zero(t, waiting)
}

func TestMailOfAVoidLinkIsWithdrawn(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	m := p.reset()
	p.enqueue(m)
	require.NoError(t, p.service.Withdraw(t.Context(), m.LinkID))
	p.deliver()
	require.Empty(t, p.server.Received())
}

func TestMailMetricsExistFromTheStart(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	require.Zero(t, p.counted("invitation", "enqueued"))
	n, err := testutil.GatherAndCount(p.registry, "ithildin_mails_queued")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestDevelopmentServerWritesMailsToItsLog(t *testing.T) {
	var log bytes.Buffer
	require.NoError(t, mail.LogSender{Logger: slog.New(slog.NewTextHandler(&log, nil))}.Send(t.Context(), letter(t)))
	require.Contains(t, log.String(), "https://id.example/login/reset?link=a&b=c")
}

func TestNoMoreMailsAreSentInAMinuteThanTheCeilingByAllProcessesTogether(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		p := newPost(t, engine)
		const mails, ceiling, processes = 25, 10, 5
		for range mails {
			p.enqueue(p.reset())
		}
		var sent atomic.Int64
		record := sendFunc(func(context.Context, mail.Message) error { sent.Add(1); return nil })
		log := &lockedBuffer{}
		var services []*mail.Service
		for range processes {
			services = append(services, mail.New(mail.Options{
				Store: p.store, Sender: record, Now: p.clock.Now, PerMinute: ceiling,
				Logger: slog.New(slog.NewTextHandler(log, nil)),
			}))
		}
		deliver := func() {
			var running sync.WaitGroup
			for _, s := range services {
				running.Go(func() { assert.NoError(t, s.Deliver(t.Context())) })
			}
			running.Wait()
		}
		for minute, want := range []int64{10, 20, 25, 25} {
			deliver()
			deliver()
			require.Equal(t, want, sent.Load(), "minute %d", minute)
			require.Equal(t, min(minute+1, 2), strings.Count(log.String(), "mails wait for the next minute"), log.String())
			p.clock.Advance(time.Minute)
		}
		require.Contains(t, log.String(), "mails=15 mails_per_minute=10")
		require.Contains(t, log.String(), "mails=5 mails_per_minute=10")
	})
}

func TestMailsThatTheCeilingHoldsAreCountedAndSentInTheNextMinute(t *testing.T) {
	p := newPost(t, storagetest.Engines()[0])
	registry := prometheus.NewRegistry()
	service := mail.New(mail.Options{
		Store: p.store, Sender: sender(p.server, mail.StartTLS), Now: p.clock.Now, PerMinute: 1, Metrics: registry,
	})
	held := func() float64 {
		families, err := registry.Gather()
		require.NoError(t, err)
		for _, f := range families {
			if f.GetName() == "ithildin_mails_held_total" {
				return f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		t.Fatal("no series")
		return 0
	}
	require.Zero(t, held())
	for range 3 {
		require.NoError(t, service.Enqueue(t.Context(), p.reset()))
	}
	isDue := func() bool {
		due, err := service.IsDue(t.Context())
		require.NoError(t, err)
		return due
	}
	require.NoError(t, service.Deliver(t.Context()))
	require.Equal(t, 2.0, held())
	require.False(t, isDue(), "the queue is left alone until the next minute")
	p.clock.Advance(time.Minute)
	require.True(t, isDue())
	require.NoError(t, service.Deliver(t.Context()))
	require.Equal(t, 3.0, held(), "one waits for a second minute")
	p.clock.Advance(time.Minute)
	require.NoError(t, service.Deliver(t.Context()))
	require.Len(t, p.server.Received(), 3, "none is lost")
	require.Equal(t, 3.0, held())
}

// lockedBuffer is a log that several processes write.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
