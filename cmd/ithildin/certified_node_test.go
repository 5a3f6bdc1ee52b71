package main_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest/requirement"
)

// startNode runs a script, which trusts the authority and no other of this test's, until the test ends.
func (a *authority) startNode(t *testing.T, script string, arguments ...string) *clientApplication {
	installed, node := requirement.OpenIDClient.Get(t), requirement.Program(t, "node")
	directory := t.TempDir()
	// Node looks for modules beside the script, wherever it is started.
	require.NoError(t, os.Symlink(filepath.Join(installed, "node_modules"), filepath.Join(directory, "node_modules")))
	require.NoError(t, os.CopyFS(directory, os.DirFS("testdata/openid-client")))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	command := exec.CommandContext(ctx, node, append([]string{filepath.Join(directory, script)}, arguments...)...)
	command.Env = append(os.Environ(), "NODE_EXTRA_CA_CERTS="+a.file)
	return startApplication(t, command, cancel)
}

func TestOpenIDClientOfNodeSignsIn(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	callback := p.issuer + "/dev/callback"
	browser := newFormBrowser(t, a.client())
	browser.stop = callback
	var report struct {
		Sub, RefreshedSub, Email                      string
		ActiveBeforeRevocation, ActiveAfterRevocation bool
	}
	a.startNode(t, "sign_in.mjs", p.issuer, callback).serve(func(address string) string {
		landed, _ := browser.visit(address)
		require.True(t, strings.HasPrefix(landed.String(), callback))
		return landed.String()
	}, &report)
	require.NotEmpty(t, report.Sub)
	require.Equal(t, report.Sub, report.RefreshedSub)
	require.Equal(t, "doctor@example.com", report.Email)
	require.True(t, report.ActiveBeforeRevocation)
	require.False(t, report.ActiveAfterRevocation)
}

func TestOpenIDClientOfNodeBindsItsTokensToAKey(t *testing.T) {
	a := newAuthority(t)
	for _, nonce := range []string{"optional", "required"} {
		p := a.startTLS([]string{"ITHILDIN_DPOP_NONCE=" + nonce}, "serve", "--dev")
		callback := p.issuer + "/dev/callback"
		browser := newFormBrowser(t, a.client())
		browser.stop = callback
		var report struct {
			TokenType, Email, AsBearer string
			SameSubject, BoundToItsKey bool
		}
		a.startNode(t, "dpop.mjs", p.issuer, callback).serve(func(address string) string {
			landed, _ := browser.visit(address)
			return landed.String()
		}, &report)
		require.Equal(t, "dpop", strings.ToLower(report.TokenType), nonce)
		require.Equal(t, "doctor@example.com", report.Email, nonce)
		require.True(t, report.SameSubject && report.BoundToItsKey, nonce)
		require.Equal(t, "refused", report.AsBearer, nonce)
	}
}

func TestOpenIDClientOfNodePushesItsRequestsAndReadsSignedResponses(t *testing.T) {
	a := newAuthority(t)
	p := a.startTLS(nil, "serve", "--dev")
	callback := p.issuer + "/dev/callback"
	browser := newFormBrowser(t, a.client())
	browser.stop = callback
	var report struct {
		Sub, Error       string
		Asked, Responded []string
	}
	a.startNode(t, "sign_in_pushed.mjs", p.issuer, callback).serve(func(address string) string {
		landed, _ := browser.visit(address)
		require.True(t, strings.HasPrefix(landed.String(), callback))
		return landed.String()
	}, &report)
	require.NotEmpty(t, report.Sub)
	require.Equal(t, []string{"client_id", "request_uri"}, report.Asked)
	require.Equal(t, []string{"response"}, report.Responded)
	require.Equal(t, "login_required", report.Error)
}
