package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/cmd/ithildin/internal/console"
)

func TestAPersonGetsTokensAtATerminalByAnotherDevice(t *testing.T) {
	issuer := startDevelopmentServer(t)
	t.Setenv("ITHILDIN_ISSUER", issuer)
	require.NoError(t, os.WriteFile("secret", []byte("demo-secret\n"), 0o600))
	shown, show := io.Pipe()
	var out bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(context.Background(), []string{
			"token", "device", "--client-id", "demo", "--client-secret-file", "secret", "--scope", "openid offline_access",
		}, console.Terminal{Out: &out, Err: show})
	}()
	var code string
	lines := bufio.NewScanner(shown)
	drawn := false
	for lines.Scan() {
		if found := regexp.MustCompile(`enter the code ([A-Z]{4}-[A-Z]{4})`).FindStringSubmatch(lines.Text()); found != nil {
			code = found[1]
		}
		if drawn = strings.Contains(lines.Text(), "█"); drawn {
			break
		}
	}
	require.NotEmpty(t, code)
	require.True(t, drawn, "a QR code too")
	go func() { _, _ = io.Copy(io.Discard, shown) }()

	_, page := browse(t, issuer+"/device?user_code="+code)
	require.Contains(t, page, "Доступ надано")
	require.Equal(t, console.ExitOK, <-ended)
	var response map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &response))
	require.NotEmpty(t, response["id_token"])
	require.NotEmpty(t, response["refresh_token"])
}
