package config

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMisspeltSettingIsReported(t *testing.T) {
	var out bytes.Buffer
	warnOfUnknown(&out, []string{
		"ITHILDIN_ISUER=x", "ITHILDIN_ADMIN_TOKENS_FILE=x", "ITHILDIN_ISSUER=x", "ITHILDIN_ABAC_TOKEN=x", "ITHILDIN_SECRET=x",
		"ITHILDIN_PORT_8080_TCP_ADDR=10.0.0.1", "ITHILDIN_SERVICE_HOST=10.0.0.1", "PATH=/bin",
	})
	require.Equal(t, `ithildin: ITHILDIN_ISUER is no setting and is ignored: is ITHILDIN_ISSUER meant?
ithildin: ITHILDIN_ADMIN_TOKENS_FILE is no setting and is ignored: is ITHILDIN_ADMIN_TOKEN_FILE meant?
`, out.String())
}
