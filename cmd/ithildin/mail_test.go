package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/mail/mailtest"
)

func TestMailTestSendsOneMailAndReportsWhatTheServerAnswers(t *testing.T) {
	server := mailtest.New(t, mailtest.Options{ImplicitTLS: true, Login: true})
	t.Setenv("ITHILDIN_MAIL_PASSWORD", mailtest.Password)
	t.Setenv("ITHILDIN_MAIL_USER", mailtest.User)
	t.Setenv("ITHILDIN_MAIL_CA_FILE", server.CAFile)
	t.Setenv("ITHILDIN_MAIL_FROM", "mail@id.example")
	t.Setenv("ITHILDIN_SERVICE_NAME", "Портал")
	send := func(address string) (code int, output string) {
		var out bytes.Buffer
		code = run(t.Context(), []string{"mail", "test", address, "--language", "en"},
			console.Terminal{Out: &out, Err: &out})
		return code, out.String()
	}
	code, output := send("doctor@clinic.example")
	require.Equal(t, console.ExitUsage, code)
	require.Contains(t, output, "ITHILDIN_MAIL_URL is required")
	t.Setenv("ITHILDIN_MAIL_URL", "smtps://"+server.Address)
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitOK, code, output)
	require.Equal(t, "Test message of Портал", server.Received()[0].Subject)
	require.Equal(t, "doctor@clinic.example", server.Received()[0].To)
	code, output = send("nobody")
	require.Equal(t, console.ExitUsage, code, output)
	server.Refuse(func(string) error { return mailtest.Permanently })
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "no such mailbox")
	t.Setenv("ITHILDIN_MAIL_PASSWORD", "wrong-and-not-to-be-shown")
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "hint: ITHILDIN_MAIL_URL")
	require.NotContains(t, output, "wrong-and-not-to-be-shown")
}
