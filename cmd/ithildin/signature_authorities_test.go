package main_test

import (
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
	"ithildin/provider/login/dstutest"
)

func TestServerReadsCertificatesOfAuthoritiesAgainAtSIGHUP(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "authorities.p7b")
	first, second := dstutest.NewAuthority().Certificates()[0], dstutest.NewAuthority().Certificates()[0]
	write := func(content []byte) { require.NoError(t, os.WriteFile(file, content, 0o600)) }
	write(dstutest.Bundle(first))
	p := start(t, directory, []string{"ITHILDIN_SIGNATURE_AUTHORITIES_FILE=" + file}, "serve", "--dev")
	served := func() string {
		_, content, _ := readAll(t, http.DefaultClient, p.issuer+login.PathSignatureAuthorities)
		return content
	}
	require.Equal(t, string(first), served())
	_, metrics, _ := readAll(t, http.DefaultClient, p.admin+"/metrics")
	require.Contains(t, metrics, "ithildin_signature_authorities_not_after_seconds 2.493072e+09", "2049-01-01")

	write([]byte("nothing of the kind"))
	p.sighup("the previous value stays in use")
	require.Equal(t, string(first), served())
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: second}))
	p.sighup("reloaded")
	require.Equal(t, string(second), served())
}
