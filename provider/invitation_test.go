package provider_test

import (
	"context"
	"net/http"
	netmail "net/mail"
	"net/url"
	"regexp"
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
	nurseEmail    = "nurse@example.com"
	nursePassword = "Correct horse battery 5taple"
	nursePhone    = "+380671112233"
)

// phones are what phones got last.
type phones struct{ texts sync.Map }

// Send implements identity.SMSSender.
func (p *phones) Send(_ context.Context, phone, message string) error {
	p.texts.Store(phone, message)
	return nil
}

func (p *phones) code(t testing.TB, phone string) string {
	text, _ := p.texts.Load(phone)
	message, isText := text.(string)
	require.True(t, isText, phone)
	return message[len(message)-6:]
}

// inviting is a stack that sends mails, with a client whose role is given.
type inviting struct {
	*stack
	phones *phones
	server *mailtest.Server
	mails  *mail.Service
}

func newInviting(t *testing.T, engine storagetest.Engine, options ...func(*provider.Options)) *inviting {
	i := &inviting{phones: &phones{}, server: mailtest.New(t, mailtest.Options{})}
	i.stack = newStack(t, engine, append(options, func(o *provider.Options) { o.Components.SMS = i.phones })...)
	host, port := i.server.HostPort()
	i.mails = mail.New(mail.Options{Store: i.store, ServiceName: "Реєстр", Now: i.clock.Now, Sender: mail.SMTP{
		Host: host, Port: port, Encryption: mail.StartTLS, RootCAs: i.server.Roots, HelloName: "id.example",
		From: netmail.Address{Address: "mail@id.example"},
	}})
	i.client("clinic", func(c *storage.Client) { c.Metadata.InitiateLoginURI = "https://client.example/begin" })
	return i
}

// invite stores an invitation with its mail, as the command line does.
func (i *inviting) invite(email, taxID string) storage.Invitation {
	now := i.clock.Now()
	code := "code-of-" + i.store.NewID()
	invited := storage.Invitation{
		ID: i.store.NewID(), Hash: storage.Hash(code), Email: email, TaxID: taxID, ClientID: "clinic",
		RoleIDs: []string{i.roleID}, Inviter: "Головна лікарка", CreatedAt: now, ExpiresAt: now.AddDate(0, 0, 5),
	}
	ctx := context.Background()
	require.NoError(i.t, i.store.Together(ctx, func(ctx context.Context) error {
		if err := i.store.CreateInvitation(ctx, invited); err != nil {
			return err
		}
		return i.mails.Enqueue(ctx, mail.Mail{
			Purpose: mail.Invitation, To: email, Language: "uk", LinkID: invited.ID,
			Link: login.InvitationLink(i.stack.server.URL, code), ExpiresAt: invited.ExpiresAt,
			Details: mail.Details{Inviter: invited.Inviter, Organisation: "Клініка", Role: "DOCTOR"},
		})
	}))
	return invited
}

var linkOfMail = regexp.MustCompile(`http://\S+/login/invite\?invitation=\S+`)

// link is that of the last mail, which the mail server gets first.
func (i *inviting) link() string {
	require.NoError(i.t, i.mails.Deliver(context.Background()))
	received := i.server.Received()
	require.NotEmpty(i.t, received)
	link := linkOfMail.FindString(received[len(received)-1].Text)
	require.NotEmpty(i.t, link, received[len(received)-1].Text)
	return link
}

// answer sends the form of a page.
func (b *browser) answer(p page, form url.Values) page {
	form.Set("request", p.request(b.stack.t))
	return b.post(b.stack.server.URL+p.url.Path, form)
}

// setPhone goes through the pages of a second factor that has no phone yet.
func (i *inviting) setPhone(b *browser, p page) page {
	require.Equal(i.t, "/login/phone", p.url.Path, p.body)
	p = b.answer(p, url.Values{"phone": {nursePhone}})
	require.Equal(i.t, "/login/code", p.url.Path, p.body)
	return b.answer(p, url.Values{"code": {i.phones.code(i.t, nursePhone)}})
}

func (i *inviting) rolesOf(email string) []storage.UserRole {
	user, err := i.store.FindUserByEmail(context.Background(), email)
	require.NoError(i.t, err)
	roles, err := i.store.ListUserRoles(context.Background(), user.ID)
	require.NoError(i.t, err)
	return roles
}

func invitedPassword() url.Values {
	return url.Values{"password": {nursePassword}, "repeat": {nursePassword}, "agree": {"yes"}}
}

func acceptance() url.Values { return url.Values{"decision": {"accept"}, "rules": {"yes"}} }

func TestInvitationByMailMakesAnAccountAndGivesItsRoles(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newInviting(t, engine)
		invited := i.invite("Nurse@Example.com", "3087512399")
		link := i.link()
		b := i.browser()
		p := b.get(link)
		for _, shown := range []string{"Головна лікарка", "Клініка", "лікар", nurseEmail, "Створіть обліковий запис"} {
			require.Contains(t, p.body, shown)
		}
		require.NotContains(t, p.url.String(), "invitation=")
		require.NotContains(t, p.body, "3087512399")
		p = i.setPhone(b, b.answer(p, invitedPassword()))
		require.Equal(t, "/login/invite/accept", p.url.Path, p.body)
		require.Empty(t, i.rolesOf(nurseEmail))
		asked := p
		p = b.answer(asked, acceptance())
		require.Contains(t, p.body, "Запрошення прийнято")
		require.Contains(t, p.body, "https://client.example/begin?iss=")

		require.Equal(t, []storage.UserRole{{RoleID: i.roleID, RoleName: "DOCTOR", ClientID: "clinic"}},
			i.rolesOf(nurseEmail))
		user, err := i.store.FindUserByEmail(t.Context(), nurseEmail)
		require.NoError(t, err)
		require.Equal(t, "3087512399", user.TaxID)
		factor, err := i.store.FindAuthenticationFactor(t.Context(), user.ID, "SMS")
		require.NoError(t, err)
		require.Equal(t, nursePhone, factor.Factor)
		events, err := i.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventInvitationAccepted})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, user.ID, events[0].UserID)
		require.Equal(t, storage.ByUser, events[0].Details["by"])
		require.NotEmpty(t, events[0].RequestID)
		found, err := i.store.FindInvitation(t.Context(), invited.Hash)
		require.NoError(t, err)
		require.Equal(t, user.ID, found.UserID)

		require.Contains(t, i.browser().get(link).body, "Запрошення вже використано")
		require.Contains(t, b.answer(asked, acceptance()).body, "Запрошення прийнято", "again")
	})
}

func TestInvitationByMailIsRejected(t *testing.T) {
	i := newInviting(t, storagetest.Engines()[0])
	i.invite("doctor@example.com", "")
	b := i.browser()
	p := b.answer(b.get(i.link()), url.Values{})
	p = i.setPhone(b, b.signIn(p))
	p = b.answer(p, url.Values{"decision": {"reject"}})
	require.Contains(t, p.body, "Запрошення відхилено")
	require.Len(t, i.rolesOf("doctor@example.com"), 1, "the one from before")
}

func TestAttackInvitationByMailThatIsLateRevokedOrNotTheNewest(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newInviting(t, engine)
		i.invite(nurseEmail, "")
		old := i.link()
		newest := i.invite(nurseEmail, "")
		link := i.link()
		require.NotEqual(t, old, link)
		require.Contains(t, i.browser().get(old).body, "Запрошення вже не діє")

		b := i.browser()
		p := i.setPhone(b, b.answer(b.get(link), invitedPassword()))
		require.NoError(t, i.store.RevokeInvitation(t.Context(), newest.ID))
		require.Contains(t, b.answer(p, acceptance()).body, "Запрошення вже не діє", "revoked before the answer")

		i.invite(nurseEmail, "")
		link = i.link()
		p = b.answer(b.get(link), url.Values{})
		require.Equal(t, "/login/invite/accept", p.url.Path)
		i.clock.Advance(5*24*time.Hour - 10*time.Minute)
		b = i.browser()
		p = b.answer(b.get(link), url.Values{})
		i.clock.Advance(11 * time.Minute)
		p = b.answer(p, url.Values{"username": {nurseEmail}, "password": {nursePassword}})
		p = b.answer(p, url.Values{"code": {i.phones.code(t, nursePhone)}})
		require.Contains(t, p.body, "Запрошення вже не діє", "it ended during the sign-in")
		require.Contains(t, i.browser().get(link).body, "Запрошення вже не діє")
		require.Empty(t, i.rolesOf(nurseEmail))
	})
}

func TestAttackInvitationByMailSetsNoPasswordOfAnAccount(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newInviting(t, engine)
		i.invite("doctor@example.com", "1111111111")
		link := i.link()
		before, err := i.store.FindUserByEmail(t.Context(), "doctor@example.com")
		require.NoError(t, err)
		b := i.browser()
		p := b.get(link)
		require.NotContains(t, p.body, `type="password"`)
		p = b.answer(p, invitedPassword())
		require.Equal(t, "/login/sign-in", p.url.Path)
		after, err := i.store.FindUserByEmail(t.Context(), "doctor@example.com")
		require.NoError(t, err)
		require.Equal(t, before.Password, after.Password)
		require.Equal(t, before.TaxID, after.TaxID)
	})
}

func TestAttackManyAcceptancesOfAnInvitationByMailAreOne(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		i := newInviting(t, engine)
		i.invite(nurseEmail, "")
		b := i.browser()
		p := i.setPhone(b, b.answer(b.get(i.link()), invitedPassword()))
		form := acceptance()
		form.Set("request", p.request(t))
		statuses := make(chan int, 6)
		var group sync.WaitGroup
		for range cap(statuses) {
			group.Go(func() {
				response, err := b.http.PostForm(i.stack.server.URL+p.url.Path, form)
				if err != nil {
					statuses <- 0
					return
				}
				_ = response.Body.Close()
				statuses <- response.StatusCode
			})
		}
		group.Wait()
		close(statuses)
		for status := range statuses {
			require.Equal(t, 200, status)
		}
		events, err := i.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventInvitationAccepted})
		require.NoError(t, err)
		require.Len(t, events, 1)
	})
}

func TestTheOperatorSaysHowManyLooksAtInvitationsMayBeInVain(t *testing.T) {
	i := newInviting(t, storagetest.Engines()[0], func(o *provider.Options) { o.Components.Limits.InvitationFailures = 3 })
	i.invite(nurseEmail, "")
	link := i.link()
	for _, code := range []string{"first", "second", "third"} {
		require.Equal(t, http.StatusOK, i.browser().get(link).status, "what is right is not counted")
		p := i.browser().get(i.stack.server.URL + "/login/invite?invitation=" + code)
		require.Less(t, p.status, http.StatusTooManyRequests)
	}
	require.Equal(t, http.StatusTooManyRequests, i.browser().get(link).status)
	i.clock.Advance(time.Hour + time.Second)
	require.Equal(t, http.StatusOK, i.browser().get(link).status)
}

func TestPageOfAnInvitationThatCannotBeAnsweredNamesTheContact(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) {
		o.Operator = login.Operator{Mail: "help@id.example"}
	})
	for _, link := range []string{"/login/invite?invite=YWJj", "/login/invite?invitation=unknown"} {
		p := s.browser().get(s.server.URL + link)
		require.Equal(t, 200, p.status)
		require.Contains(t, p.body, "help@id.example", link)
	}
}
