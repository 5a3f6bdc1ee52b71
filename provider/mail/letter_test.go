package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
)

var moment = time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)

// full is a letter with everything that a letter can say.
func full(purpose mail.Purpose, language string) mail.Mail {
	m := mail.Mail{
		Purpose: purpose, To: "doctor@clinic.example", Language: language, ExpiresAt: moment.Add(25 * time.Minute),
		Details: mail.Details{
			At: moment, Phone: "+38050*****67", Inviter: "Олена Коваль", Organisation: "Лікарня №1", Role: "DOCTOR",
		},
	}
	switch purpose {
	case mail.PasswordReset, mail.EmailConfirmation, mail.Invitation:
		m.Link = "https://id.example/login/reset?link=secret"
	}
	return m
}

func TestEveryLetterIsWholeInBothLanguages(t *testing.T) {
	for _, purpose := range mail.Purposes {
		for _, language := range []string{mail.Ukrainian, mail.English} {
			m := full(purpose, language)
			got, err := mail.BuiltIn.Write(m, "Портал", moment)
			require.NoError(t, err, purpose)
			require.NotEmpty(t, got.ID)
			require.Contains(t, got.Subject, "Портал", purpose)
			require.Contains(t, got.HTML, `<html lang="`+language+`">`)
			require.Contains(t, got.HTML, "<h1", purpose)
			for _, item := range []string{got.Text, got.HTML} {
				require.NotContains(t, item, "<no value>", purpose)
				require.NotContains(t, item, "{{", purpose)
				require.NotContains(t, item, " .", "%s: a blank before a full stop", purpose)
				require.Contains(t, item, "doctor@clinic.example")
				if m.Link != "" {
					require.Contains(t, item, m.Link)
				}
			}
			require.NotContains(t, got.Text+got.Subject, "'", "the apostrophe is ’")
			if purpose == mail.Invitation {
				require.Contains(t, got.Text, "Олена Коваль")
				require.Contains(t, got.Text, "Лікарня №1")
				require.Contains(t, got.Text, "DOCTOR")
			}
			if purpose == mail.PhoneChanged {
				require.Contains(t, got.Text, "01.03.2026 12:30 UTC")
				require.Contains(t, got.Text, "+38050*****67")
			}
		}
	}
}

func TestLetterReadsWellAsPlainText(t *testing.T) {
	got, err := mail.BuiltIn.Write(full(mail.PasswordReset, mail.English), "Portal", moment)
	require.NoError(t, err)
	require.Equal(t, `We were asked to change the password of the account with this e-mail address.

Open the link to choose a new password. It is valid for 25 minutes and works once.

Choose a new password:
https://id.example/login/reset?link=secret

If it was not you, delete this message: your password stays as it is. Do not forward the link to anybody.

-- 

This message was sent by Portal to doctor@clinic.example. There is no need to reply.

We never ask for your password or for a code from an SMS, neither by mail nor by phone.
`, got.Text)
}

func TestLetterSaysHowLongItsLinkIsGood(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		21 * time.Minute: {"21 хвилину", "21 minutes"}, 1500 * time.Second: {"25 хвилин", "25 minutes"},
		time.Minute: {"1 хвилину", "1 minute"}, 3 * time.Hour: {"3 години", "3 hours"}, 12 * time.Minute: {"12 хвилин", ""},
		24 * time.Hour: {"24 години", "24 hours"}, 5 * 24 * time.Hour: {"5 днів", "5 days"},
		63 * time.Minute: {"63 хвилини", ""},
	} {
		for i, language := range []string{mail.Ukrainian, mail.English} {
			m := full(mail.PasswordReset, language)
			m.ExpiresAt = moment.Add(d)
			got, err := mail.BuiltIn.Write(m, "Portal", moment)
			require.NoError(t, err)
			require.Contains(t, got.Text, want[i])
		}
	}
}

func TestAttackDetailsOfALetterAddNoHeaderMarkupOrLine(t *testing.T) {
	m := full(mail.Invitation, mail.English)
	m.Details.Inviter = "Eve\r\nBcc: victim@example.org\r\n\r\n<a href=https://evil.example>click</a>\u202e"
	m.Details.Organisation = strings.Repeat("x", 5000)
	got, err := mail.BuiltIn.Write(m, "Portal", moment)
	require.NoError(t, err)
	require.NotContains(t, got.Text, "\nBcc")
	require.NotContains(t, got.HTML, "<a href=https://evil")
	require.NotContains(t, got.Text, "\u202e")
	require.NotContains(t, got.Subject, "\n")
	require.Less(t, len(got.Text), 2000)
	for _, to := range []string{
		"", "nobody", "a@b.example\r\nBcc: c@d.example", "Name <a@b.example>", "a@b.example, c@d.example",
		strings.Repeat("a", 300) + "@b.example",
	} {
		m.To = to
		_, err := mail.BuiltIn.Write(m, "Portal", moment)
		require.Error(t, err, to)
	}
	m = full(mail.PasswordReset, mail.English)
	for _, link := range []string{"javascript:alert(1)", "/login/reset", "https://", "data:text/html,x"} {
		m.Link = link
		_, err := mail.BuiltIn.Write(m, "Portal", moment)
		require.Error(t, err, link)
	}
	m = full(mail.PasswordReset, mail.English)
	m.ExpiresAt = moment
	_, err = mail.BuiltIn.Write(m, "Portal", moment)
	require.Error(t, err, "a letter whose time is over")
}
