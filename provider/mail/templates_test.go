package mail_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"ithildin/provider/mail"
)

// folder is a folder with files of these names and contents.
func folder(files map[string]string) fstest.MapFS {
	made := fstest.MapFS{}
	for name, content := range files {
		made[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return made
}

func TestOperatorsLetterTakesThePlaceOfTheOneThatIsBuiltIn(t *testing.T) {
	letters, err := mail.LoadLetters(folder(map[string]string{
		"password_reset.en.txt": `{{/* ours */}}
{{define "subject"}}Clinic: {{.Service}}{{end}}
{{define "before"}}Good for {{.Lifetime}}.{{if .To}}

For {{.To}}.{{else}}Nobody.{{end}}{{end}}
`,
		"footer.en.txt":     `{{define "footer"}}Call 0 800.{{end}}`,
		".git":              `{{nonsense`,
		"invitation.uk.txt": `{{define "after"}}{{end}}`,
	}))
	require.NoError(t, err)
	got, err := letters.Write(full(mail.PasswordReset, mail.English), "Portal", moment)
	require.NoError(t, err)
	require.Equal(t, "Clinic: Portal", got.Subject)
	require.Equal(t, `Good for 25 minutes.

For doctor@clinic.example.

Choose a new password:
https://id.example/login/reset?link=secret

If it was not you, delete this message: your password stays as it is. Do not forward the link to anybody.

-- 

Call 0 800.
`, got.Text)
	require.Contains(t, got.HTML, `href="https://id.example/login/reset?link=secret"`)
	invited, err := letters.Write(full(mail.Invitation, mail.Ukrainian), "Портал", moment)
	require.NoError(t, err)
	require.NotContains(t, invited.Text, "Нікому не пересилайте", "a part may be left empty")
	ukrainian, err := letters.Write(full(mail.PasswordReset, mail.Ukrainian), "Портал", moment)
	require.NoError(t, err)
	require.Contains(t, ukrainian.Subject, "Новий пароль", "the other language stays as it is")
	builtIn, err := mail.BuiltIn.Write(full(mail.PasswordReset, mail.English), "Portal", moment)
	require.NoError(t, err)
	require.Equal(t, "A new password for Portal", builtIn.Subject, "what is built in is not changed")
}

func TestOperatorsLettersThatCannotBeUsedAreNamedWithWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ file, content, want string }{
		"no such letter":           {"pasword_reset.en.txt", ``, "there is no such letter: want NAME.uk.txt or NAME.en.txt"},
		"no such language":         {"password_reset.de.txt", ``, "there is no such letter"},
		"no language":              {"password_reset.txt", ``, "there is no such letter"},
		"what does not parse":      {"test.en.txt", "\n{{define \"subject\"}}{{.Service}", "test.en.txt:2"},
		"a field of no letter":     {"test.en.txt", `{{define "subject"}}{{.Servise}}{{end}}`, "{{.Servise}}: this letter"},
		"a field of other letters": {"password_changed.en.txt", `{{define "before"}}{{.Phone}}{{end}}`, "{{.Phone}}: this"},
		"a field in a condition": {"test.en.txt", `{{define "before"}}a{{if .Role}}b{{end}}{{end}}`,
			"this letter has the fields .Service, .To"},
		"a field in a branch": {"test.en.txt", `{{define "before"}}{{if .To}}a{{else}}{{.At}}{{end}}{{end}}`, "{{.At}}"},
		"the link":            {"password_reset.en.txt", `{{define "before"}}{{.Link}}{{end}}`, "{{.Link}}: this letter"},
		"a method":            {"test.en.txt", `{{define "subject"}}{{.To.Len}}{{end}}`, "this letter has the fields"},
		"a function":          {"test.en.txt", `{{define "subject"}}{{printf "%d" 1}}{{end}}`, `"printf" not defined`},
		"a loop":              {"test.en.txt", `{{define "before"}}{{range 1000000000}}x{{end}}{{end}}`, "this letter has"},
		"another template":    {"test.en.txt", `{{define "before"}}{{template "after"}}{{end}}`, "this letter has"},
		"a variable":          {"test.en.txt", `{{define "before"}}{{$x := .To}}{{$x}}{{end}}`, "this letter has"},
		"a pipeline":          {"test.en.txt", `{{define "before"}}{{.To | .Service}}{{end}}`, ""},
		"a part of no letter": {"test.en.txt", `{{define "sujbect"}}a{{end}}`, `"sujbect": want subject, before`},
		"a button of no link": {"test.en.txt", `{{define "button"}}a{{end}}`, `it defines "button": want`},
		"text beside parts":   {"test.en.txt", `Hello {{define "subject"}}a{{end}}`, "there is text outside"},
		"an empty subject":    {"test.en.txt", `{{define "subject"}} {{end}}`, "the subject is empty"},
		"a subject that may be empty": {"invitation.en.txt", `{{define "subject"}}{{.Inviter}}{{end}}`,
			"the subject is empty"},
		"an empty button":   {"password_reset.en.txt", `{{define "button"}} {{end}}`, "button is empty"},
		"an empty letter":   {"password_reset.en.txt", `{{define "before"}} {{end}}`, "before is empty"},
		"a file too large":  {"test.en.txt", strings.Repeat("{{/* x */}}", 10_000), "more than 65536 bytes"},
		"a part of another": {"footer.en.txt", `{{define "subject"}}a{{end}}`, `it defines "subject": want footer`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mail.LoadLetters(folder(map[string]string{c.file: c.content}))
			require.ErrorContains(t, err, c.file)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := mail.LoadLetters(folder(map[string]string{"a.txt": "", "b.txt": ""}))
	require.ErrorContains(t, err, "a.txt")
	require.ErrorContains(t, err, "b.txt", "all are named at once")
}

func TestAttackOperatorsLetterAddsNoHeaderAndNoMarkup(t *testing.T) {
	letters, err := mail.LoadLetters(folder(map[string]string{
		"invitation.en.txt": "{{define \"subject\"}}{{.Inviter}}\r\nBcc: victim@example.org\n\n{{.Role}}{{end}}" +
			`{{define "before"}}<b>{{.Inviter}}</b>{{end}}{{define "button"}}` + "View\r\nit</a>{{end}}",
	}))
	require.NoError(t, err, "the subject of two lines becomes one")
	m := full(mail.Invitation, mail.English)
	m.Details.Inviter = "Eve\r\nBcc: other@example.org"
	got, err := letters.Write(m, "Portal", moment)
	require.NoError(t, err)
	require.Equal(t, "Eve Bcc: other@example.org Bcc: victim@example.org DOCTOR", got.Subject)
	require.NotContains(t, got.HTML, "<b>")
	require.Contains(t, got.HTML, "&lt;b&gt;Eve")
	require.Contains(t, got.Text, "View it</a>:\nhttps://id.example/login/reset?link=secret")
}

func TestLetterThatIsAboutALinkIsNotWrittenWithoutIt(t *testing.T) {
	for _, purpose := range []mail.Purpose{mail.PasswordReset, mail.EmailConfirmation, mail.Invitation} {
		m := full(purpose, mail.English)
		m.Link = ""
		_, err := mail.BuiltIn.Write(m, "Portal", moment)
		require.ErrorIs(t, err, mail.ErrNoLetter, purpose)
	}
}
