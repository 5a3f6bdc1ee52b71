package provider_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// told are the subjects of the letters that an address has got, after all notices were delivered.
func (s *resetting) told(email string) []string {
	var subjects []string
	for _, received := range s.letters() {
		if received.To == email {
			subjects = append(subjects, received.Subject)
		}
	}
	slices.Sort(subjects)
	return subjects
}

func TestOwnerOfAnAccountIsToldOfItsChangesByMailAndAtThePhoneBefore(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		sms := &phones{}
		s := newResetting(t, engine, func(o *provider.Options) { o.Components.SMS = sms })
		user, err := s.store.FindUserByEmail(t.Context(), forgetfulEmail)
		require.NoError(t, err)
		factor := storage.AuthenticationFactor{
			ID: s.store.NewID(), UserID: user.ID, Type: "SMS", Factor: "+380501234567", IsActive: true,
		}
		require.NoError(t, s.store.CreateAuthenticationFactor(t.Context(), factor))
		require.Empty(t, s.told(forgetfulEmail))

		factor.Factor = "+380671112244"
		require.NoError(t, s.store.UpdateAuthenticationFactor(t.Context(), factor))
		require.Equal(t, []string{"Номер телефону змінено: «Реєстр»"}, s.told(forgetfulEmail))
		require.Contains(t, s.server.Received()[0].Text, "Новий номер: +380 ••• ••• 44.")
		text, _ := sms.texts.Load("+380501234567")
		require.Contains(t, text, "змінено")
		_, told := sms.texts.Load(factor.Factor)
		require.False(t, told, "the new phone is no news to itself")

		require.NoError(t, s.store.ResetAuthenticationFactor(t.Context(), factor.ID))
		require.NoError(t, s.store.ActivateAuthenticationFactor(t.Context(), factor.ID, false))
		_, _, err = s.store.CountOneTimeCodeFailure(t.Context(), user.ID, 1, "codes")
		require.NoError(t, err)
		user.Email = "elsewhere@example.com"
		require.NoError(t, s.store.UpdateUser(t.Context(), *user))
		require.NoError(t, s.store.SetPassword(t.Context(), user.ID, "hash"))
		require.Equal(t, []string{
			"Додаткове підтвердження входу вимкнено: «Реєстр»", "Електронну адресу змінено: «Реєстр»",
			"Номер телефону вилучено: «Реєстр»", "Номер телефону змінено: «Реєстр»",
			"Обліковий запис заблоковано: «Реєстр»",
		}, s.told(forgetfulEmail))
		require.Equal(t, []string{"Пароль змінено: «Реєстр»"}, s.told("elsewhere@example.com"))
		text, _ = sms.texts.Load("+380671112244")
		require.Contains(t, text, "вилучено")
		require.Len(t, s.letters(), 6, "each is told once")
	})
}

func TestNoticeThatCannotBeSentKeepsNoOtherWaiting(t *testing.T) {
	s := newResetting(t, storagetest.Engines()[0])
	user, err := s.store.FindUserByEmail(t.Context(), forgetfulEmail)
	require.NoError(t, err)
	odd := storage.User{ID: s.store.NewID(), Email: "no address"}
	require.NoError(t, s.store.CreateUser(t.Context(), odd))
	require.NoError(t, s.store.SetPassword(t.Context(), odd.ID, "hash"))
	require.NoError(t, s.store.NoteAccountChange(t.Context(), storage.AccountNotice{UserID: user.ID, Kind: "unknown"}))
	s.clock.Advance(1)
	require.NoError(t, s.store.SetPassword(t.Context(), user.ID, "hash"))
	require.Equal(t, []string{"Пароль змінено: «Реєстр»"}, s.told(forgetfulEmail))
	require.Contains(t, s.log.String(), "was not told of a change by mail")
	require.NotContains(t, s.log.String(), "no address")
}

func TestNoticesAreRemovedWhereNoMailIsSent(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	user, err := s.store.FindUserByEmail(t.Context(), forgetfulEmail)
	require.NoError(t, err)
	require.NoError(t, s.store.SetPassword(t.Context(), user.ID, "hash"))
	require.NoError(t, s.provider.DeliverNotices(t.Context()))
	left, err := s.store.AccountNotices(t.Context(), 1)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestOwnerOfAnAccountIsToldOfAuthenticatorsAndRecoveryCodes(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newResetting(t, engine)
		user, err := s.store.FindUserByEmail(t.Context(), forgetfulEmail)
		require.NoError(t, err)
		a := storage.Authenticator{
			ID: s.store.NewID(), UserID: user.ID, Name: "Робочий телефон", Secret: []byte("secret"), IsActive: true,
		}
		require.NoError(t, s.store.CreateAuthenticator(t.Context(), a))
		require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), user.ID, s.store.NewID(), [][]byte{{1}}))
		require.Equal(t, []string{"Додано застосунок для входу: «Реєстр»"}, s.told(forgetfulEmail),
			"the first recovery codes come with it")
		require.Contains(t, s.server.Received()[0].Text, "«Робочий телефон»")
		require.NoError(t, s.store.ReplaceRecoveryCodes(t.Context(), user.ID, s.store.NewID(), [][]byte{{2}}))
		require.NoError(t, s.store.RemoveSecondFactor(t.Context(), user.ID, storage.FactorTOTP, a.ID))
		require.Equal(t, []string{
			"Додано застосунок для входу: «Реєстр»", "Нові резервні коди: «Реєстр»",
			"Спосіб підтвердження входу видалено: «Реєстр»",
		}, s.told(forgetfulEmail))
	})
}
