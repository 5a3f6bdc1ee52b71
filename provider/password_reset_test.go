package provider_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/login"
	"ithildin/provider/mail"
	"ithildin/provider/mail/mailtest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	forgetfulEmail = "doctor@example.com"
	chosenPassword = "Another horse with 9 staples"
)

// logBuffer is a log that a test reads while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// resetting is a stack that sends mails to a mail server.
type resetting struct {
	*stack
	server *mailtest.Server
	mails  *mail.Service
	log    *logBuffer
	asked  int // how many links were asked for
}

func newResetting(t *testing.T, engine storagetest.Engine, options ...func(*provider.Options)) *resetting {
	s := &resetting{server: mailtest.New(t, mailtest.Options{}), log: &logBuffer{}}
	host, port := s.server.HostPort()
	s.stack = newStack(t, engine, append(options, func(o *provider.Options) {
		o.Logger = slog.New(slog.NewJSONHandler(s.log, nil))
		s.mails = mail.New(mail.Options{Store: o.Store, ServiceName: "Реєстр", Now: o.Now, Sender: mail.SMTP{
			Host: host, Port: port, Encryption: mail.StartTLS, RootCAs: s.server.Roots, HelloName: "id.example",
			From: netmail.Address{Address: "mail@id.example"},
		}})
		o.Mail = s.mails
	})...)
	s.client("clinic", nil)
	return s
}

// outcomes are what became of the links that were asked for, once all are settled: work goes on behind the answers.
func (s *resetting) outcomes() []storage.Event {
	var events []storage.Event
	require.Eventually(s.t, func() bool {
		events = nil
		for _, kind := range []string{storage.EventPasswordResetSent, storage.EventPasswordResetRefused} {
			found, err := s.store.ListEvents(context.Background(), storage.EventFilter{Kind: kind})
			require.NoError(s.t, err)
			events = append(events, found...)
		}
		return len(events) == s.asked
	}, time.Minute, time.Millisecond)
	return events
}

var linkOfReset = regexp.MustCompile(`http://\S+` + login.PathResetPassword + `\?link=\S+`)

// letters are what the mail server has got.
func (s *resetting) letters() []mailtest.Received {
	s.outcomes()
	require.NoError(s.t, s.provider.DeliverNotices(context.Background()))
	require.NoError(s.t, s.mails.Deliver(context.Background()))
	return s.server.Received()
}

// letter is the last one with a link.
func (s *resetting) letter() (letter mailtest.Received, link string) {
	for _, received := range slices.Backward(s.letters()) {
		if link = linkOfReset.FindString(received.Text); link != "" {
			return received, link
		}
	}
	require.Fail(s.t, "no letter has a link")
	return letter, link
}

// forget goes from a page of a sign-in to the one that sends a link, and asks for one.
func (s *resetting) forget(b *browser, signIn page, email string) page {
	found := regexp.MustCompile(`id="forgot-password" href="([^"]+)"|href="([^"]+)" id="forgot-password"`).
		FindStringSubmatch(signIn.body)
	require.NotNil(s.t, found, signIn.body)
	p := b.get(s.stack.server.URL + strings.ReplaceAll(found[1]+found[2], "&amp;", "&"))
	require.Equal(s.t, login.PathForgotPassword, p.url.Path)
	s.asked++
	return b.post(s.stack.server.URL+login.PathForgotPassword, url.Values{"request": {p.request(s.t)}, "email": {email}})
}

// ask is forget from a fresh browser with a request of the client.
func (s *resetting) ask(email string) page {
	b := s.browser()
	return s.forget(b, b.authorize(request("clinic", "openid")), email)
}

// requestLink asks for a link, a minute after the one before, and returns it.
func (s *resetting) requestLink() string {
	s.clock.Advance(2 * time.Minute)
	s.ask(forgetfulEmail)
	_, link := s.letter()
	return link
}

// setPassword answers the page of the new password.
func (s *resetting) setPassword(b *browser, p page, chosen string) page {
	require.Equal(s.t, login.PathResetPassword, p.url.Path, p.body)
	return b.post(s.stack.server.URL+login.PathResetPassword,
		url.Values{"request": {p.request(s.t)}, "password": {chosen}, "repeat": {chosen}})
}

func TestForgottenPasswordIsSetByALetterAndTheClientGetsItsCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newResetting(t, engine)
		elsewhere := s.browser()
		code := elsewhere.code(request("clinic", "openid offline_access"))
		tokens := s.redeem("clinic", code)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)

		sent := s.ask("Doctor@Example.com")
		require.Equal(t, http.StatusOK, sent.status)
		require.Contains(t, sent.body, "Якщо обліковий запис із такою адресою є")
		letter, link := s.letter()
		require.Equal(t, forgetfulEmail, letter.To)
		require.Contains(t, letter.HTML, url.QueryEscape(strings.Split(link, "link=")[1]))

		// The mail is read in another browser than the one that asked.
		b := s.browser()
		p := b.get(link)
		require.Equal(t, "no-store", p.header.Get("Cache-Control"))
		secret := strings.Split(link, "link=")[1]
		require.NotContains(t, p.url.String(), secret)
		require.NotContains(t, p.body, secret)
		require.Contains(t, p.body, forgetfulEmail)
		p = s.setPassword(b, p, chosenPassword)
		require.Equal(t, login.PathSignIn, p.url.Path, "not signed in by the mail alone")
		require.Contains(t, p.body, "Новий пароль збережено")
		p = b.post(s.stack.server.URL+login.PathSignIn, url.Values{
			"request": {p.request(t)}, "username": {forgetfulEmail}, "password": {chosenPassword},
		})
		if p.location == nil {
			p = b.decide(p, "accept")
		}
		require.True(t, strings.HasPrefix(p.location.String(), redirectURI+"?"), p.location)
		require.Equal(t, "s-1", p.location.Query().Get("state"))
		require.Equal(t, http.StatusOK, s.redeem("clinic", p.location.Query().Get("code")).status)

		require.Equal(t, login.PathSignIn, elsewhere.authorize(request("clinic", "openid")).url.Path,
			"the sessions from before are over")
		require.Equal(t, http.StatusOK, s.refresh("clinic", tokens.member("refresh_token")).status, "offline access stays")
		received := s.letters()
		require.Len(t, received, 2)
		require.Contains(t, received[1].Subject, "Пароль змінено")
		require.NotContains(t, s.log.String(), secret)
		require.NotContains(t, s.log.String(), forgetfulEmail)
	})
}

func TestForgottenPasswordEndsTheTokensOfClientsWhereTheOperatorSaysSo(t *testing.T) {
	s := newResetting(t, storagetest.Engines()[0], func(o *provider.Options) {
		o.Components.PasswordResetEndsTokens = true
	})
	tokens := s.redeem("clinic", s.browser().code(request("clinic", "openid offline_access")))
	link := s.requestLink()
	b := s.browser()
	s.setPassword(b, b.get(link), chosenPassword)
	require.Equal(t, "invalid_grant", s.refresh("clinic", tokens.member("refresh_token")).member("error"))
}

func TestAttackForgottenPasswordLeadsNowhereElse(t *testing.T) {
	s := newResetting(t, storagetest.Engines()[0])
	link := s.requestLink()
	// The redirect URI is taken from the client while the letter is on its way.
	client, err := s.store.LoadClient(t.Context(), "clinic")
	require.NoError(t, err)
	connection := *client.Connections[0]
	connection.RedirectURIs = []string{"https://other.example/callback"}
	require.NoError(t, s.store.UpdateConnection(t.Context(), connection))
	b := s.browser()
	p := s.setPassword(b, b.get(link+"&redirect_uri=https%3A%2F%2Fevil.example&request=x"), chosenPassword)
	p = b.post(s.stack.server.URL+login.PathSignIn, url.Values{
		"request": {p.request(t)}, "username": {forgetfulEmail}, "password": {chosenPassword},
	})
	require.Nil(t, p.location, "an error page, and no redirect")
	require.Equal(t, http.StatusBadRequest, p.status)
	require.NotContains(t, p.body, "evil.example")
}

func TestAttackForgottenPasswordKeepsNoSessionOfTheBrowserThatAsked(t *testing.T) {
	s := newResetting(t, storagetest.Engines()[0])
	b := s.browser()
	b.code(request("clinic", "openid"))
	before := cookies(b)
	link := s.requestLink()
	p := s.setPassword(b, b.get(link), chosenPassword)
	require.Equal(t, login.PathSignIn, p.url.Path)
	b.post(s.stack.server.URL+login.PathSignIn, url.Values{
		"request": {p.request(t)}, "username": {forgetfulEmail}, "password": {chosenPassword},
	})
	for name, value := range cookies(b) {
		if strings.Contains(name, "session") {
			require.NotEqual(t, before[name], value, name)
		}
	}
}

// cookies are what a browser holds, by name.
func cookies(b *browser) map[string]string {
	at, err := url.Parse(b.stack.server.URL + "/")
	require.NoError(b.stack.t, err)
	held := map[string]string{}
	for _, cookie := range b.http.Jar.Cookies(at) {
		held[cookie.Name] = cookie.Value
	}
	return held
}
