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
	require.Equal(t, "connected to "+server.Address+"\nthe connection is encrypted, and the certificate is good\n"+
		"signed in as "+mailtest.User+"\nthe mail server has taken the mail for doctor@clinic.example\n", output)
	require.Equal(t, "Test message of Портал", server.Received()[0].Subject)
	require.Equal(t, "doctor@clinic.example", server.Received()[0].To)
	code, output = send("nobody")
	require.Equal(t, console.ExitUsage, code, output)
	server.Refuse(func(string) error { return mailtest.Permanently })
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "no such mailbox")
	require.Contains(t, output, "sending failed")
	t.Setenv("ITHILDIN_MAIL_PASSWORD", "wrong-and-not-to-be-shown")
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "hint: ITHILDIN_MAIL_URL")
	require.NotContains(t, output, "wrong-and-not-to-be-shown")
	require.Contains(t, output, "signing in failed")
	t.Setenv("ITHILDIN_MAIL_CA_FILE", "")
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "TLS failed")
	require.NotContains(t, output, "signed in")
	t.Setenv("ITHILDIN_MAIL_URL", "smtps://127.0.0.1:1")
	code, output = send("doctor@clinic.example")
	require.Equal(t, console.ExitFailure, code, output)
	require.Contains(t, output, "connecting to 127.0.0.1:1 failed")
	require.NotContains(t, output, "connected to")
}
