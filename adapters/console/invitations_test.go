package console_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// letterBox keeps the letters that were sent.
type letterBox struct {
	mutex sync.Mutex
	sent  []mail.Message
}

// Send implements mail.Sender.
func (b *letterBox) Send(_ context.Context, m mail.Message) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.sent = append(b.sent, m)
	return nil
}

// last delivers what waits, and returns the letter that was sent last.
func (b *letterBox) last(t *testing.T, s *stack) mail.Message {
	require.NoError(t, s.letters.Deliver(t.Context()))
	b.mutex.Lock()
	defer b.mutex.Unlock()
	require.NotEmpty(t, b.sent)
	return b.sent[len(b.sent)-1]
}

func TestAnOperatorInvitesAndWithdraws(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		box := &letterBox{}
		s := mailingStack(t, engine, box)
		admin, strong := s.operator("admin@example.com", operator.Rights()...)
		desk, _ := s.operator("desk@example.com", operator.Read, operator.Users)
		role := storagetest.Role(t, s.store, "patients:view")
		client := storagetest.Client(t, s.store, storage.PresetStandard, func(c *storage.Client) { c.Name = "Клініка № 7" })
		b := s.browser()
		b.signIn(desk.Email)
		for name, wrong := range map[string]url.Values{
			"no address": {"email": {"x"}, "role": {role.ID}}, "no role": {"email": {"x@example.com"}},
			"no such client":                   {"email": {"x@example.com"}, "role": {role.ID}, "client": {"nobody"}},
			"a text of control":                {"email": {"x@example.com"}, "role": {role.ID}, "inviter": {"a\u202eb"}},
			"rights that the operator has not": {"email": {"x@example.com"}, "role": {strong.ID}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, b.act("invite", wrong).status, name)
		}
		p := b.act("invite", url.Values{
			"email": {"nurse@example.com"}, "role": {role.ID}, "client": {"клініка № 7"}, "days": {"14"}, "language": {"en"},
			"inviter": {"The head doctor"},
		})
		require.Contains(t, p.body, "The invitation was sent.")
		require.Contains(t, p.body, "Waits for an answer")
		letter := box.last(t, s)
		require.Equal(t, "nurse@example.com", letter.To)
		require.Contains(t, letter.Text, "The head doctor")
		require.Contains(t, letter.Text, s.issuer+"/login/invite?")
		require.Equal(t, "desk@example.com", s.lastEvent(storage.EventInvitationCreated).Details["operator"])
		stored, _, err := s.store.PageOfInvitations(t.Context(), storage.InvitationFilter{}, storage.Page{})
		require.NoError(t, err)
		require.Len(t, stored, 1)
		require.Equal(t, client.ID, stored[0].ClientID)
		require.Equal(t, s.clock.Now().AddDate(0, 0, 14), stored[0].ExpiresAt)

		path := "invitations/" + stored[0].ID + "/withdraw-invitation"
		require.Contains(t, b.act(path, nil).body, "The invitation was withdrawn.")
		require.Contains(t, b.console(path).body, "This invitation was answered or withdrawn")
		require.Contains(t, b.console("invitations?state=open").body, "There are no invitations.")

		// What only an administrator may give, only an administrator takes back.
		a := s.browser()
		a.signIn(admin.Email)
		a.act("invite", url.Values{"email": {"second@example.com"}, "role": {strong.ID}})
		stored, _, err = s.store.PageOfInvitations(t.Context(), storage.InvitationFilter{State: storage.InvitationOpen},
			storage.Page{})
		require.NoError(t, err)
		require.Len(t, stored, 1)
		require.Contains(t, b.console("invitations/"+stored[0].ID+"/withdraw-invitation").body, "rights that you do not have")
	})
}

func TestANewPersonGetsALinkWhereLettersAreSent(t *testing.T) {
	box := &letterBox{}
	s := mailingStack(t, storagetest.Engines()[0], box)
	admin, _ := s.operator("admin@example.com", operator.Rights()...)
	b := s.browser()
	b.signIn(admin.Email)
	p := b.act("new-person", url.Values{"email": {"nurse@example.com"}, "entry": {"link"}})
	require.Contains(t, p.body, "The link was sent to this address.")
	require.NotContains(t, p.body, `id="secret"`)
	letter := box.last(t, s)
	require.Equal(t, "nurse@example.com", letter.To)
	require.Contains(t, letter.Text, s.issuer+"/login/")
	p = b.act("new-person", url.Values{"email": {"nurse@example.com"}})
	require.Equal(t, http.StatusUnprocessableEntity, p.status, "she is there already")
}
