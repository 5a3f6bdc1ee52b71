package server

import (
	"context"
	"log/slog"
	netmail "net/mail"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/mail"
	"ithildin/provider/mail/mailtest"
	"ithildin/storage/storagetest"
)

func TestServerSendsTheMailsOfItsQueue(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		server := mailtest.New(t, mailtest.Options{ImplicitTLS: true, Login: true})
		host, port := server.HostPort()
		databaseURL := engine.Create(t)
		var replicas []*service
		for range 2 {
			replica := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) {
				s.Database.URL, s.NewIssuer = databaseURL, true
				s.Mail = config.Mail{ServiceName: "Portal", Server: &mail.SMTP{
					Host: host, Port: port, Encryption: mail.ImplicitTLS, User: mailtest.User, Password: mailtest.Password,
					RootCAs: server.Roots, From: netmail.Address{Address: "mail@id.example"}, HelloName: "id.example",
				}}
			})
			runService(t, replica)
			replicas = append(replicas, replica)
		}
		const mails = 5
		for range mails {
			require.NoError(t, replicas[0].store.Together(t.Context(), func(ctx context.Context) error {
				return replicas[0].mail.Enqueue(ctx, mail.Mail{
					Purpose: mail.PasswordChanged, To: "doctor@clinic.example", ExpiresAt: time.Now().Add(time.Hour),
				})
			}))
		}
		server.Await(mails)
		require.Eventually(t, func() bool {
			waiting, err := replicas[1].store.CountQueuedMails(t.Context())
			return err == nil && waiting == 0
		}, time.Minute, 20*time.Millisecond)
		require.Len(t, server.Received(), mails)
	})
}

func TestMailIsOffWithoutAServerExceptInDevelopment(t *testing.T) {
	require.False(t, newService(t, slog.New(slog.DiscardHandler)).mail.IsOn())
	dev := newServiceOf(t, slog.New(slog.DiscardHandler), func(s *config.Settings) { s.Dev = true })
	require.True(t, dev.mail.IsOn())
}
