package main_test

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// startNimbus runs an application of testdata/nimbus-client, which trusts the authority alone, until the test ends.
func (a *authority) startNimbus(t *testing.T, class string, arguments ...string) *clientApplication {
	jar, java := requirement.NimbusJar.Get(t), requirement.Program(t, "java")
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	options := []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-cp", jar, "example." + class, a.file}
	return startApplication(t, exec.CommandContext(ctx, java, append(options, arguments...)...), cancel)
}

// The OAuth 2.0 and OpenID Connect SDK of Nimbus is what much of Java uses, by other authors than openid-client.
func TestNimbusOfJavaIsAClientOfFAPI2MessageSigning(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS([]string{"ITHILDIN_DPOP_NONCE=required"}, "serve", "--dev")
	callback, keyFile := createMessageSigningClient(t, p)
	browser := newFormBrowser(t, a.client())
	browser.stop = callback
	var report struct {
		TokenType, Email, Replayed string
		SameSubject, SameState     bool
		Responded                  []string
	}
	a.startNimbus(t, "SignIn", p.issuer, callback, keyFile).serve(func(address string) string {
		landed, _ := browser.visit(address)
		return landed.String()
	}, &report)
	require.Equal(t, "DPoP", report.TokenType)
	require.Equal(t, "doctor@example.com", report.Email)
	require.True(t, report.SameSubject)
	require.True(t, report.SameState)
	require.Subset(t, report.Responded, []string{"iss", "aud", "exp", "code", "state"})
	require.Equal(t, "invalid_grant", report.Replayed)
}

func TestNimbusOfJavaSignsInOnADevice(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS([]string{"ITHILDIN_DPOP_NONCE=required"}, "serve", "--dev")
	browser := newFormBrowser(t, a.client())
	var report struct{ UserCode, Early, TokenType, Sub, UserinfoSub string }
	a.startNimbus(t, "Device", p.issuer).serve(browser.visitDevice, &report)
	require.Regexp(t, "^[A-Z]{4}-[A-Z]{4}$", report.UserCode)
	require.Equal(t, "authorization_pending", report.Early)
	require.Equal(t, "DPoP", report.TokenType)
	require.NotEmpty(t, report.Sub)
	require.Equal(t, report.Sub, report.UserinfoSub)
}
