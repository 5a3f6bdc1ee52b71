package config

import (
	"strings"

	"ithildin/storage/seal"
)

// SecretFlags say where the master secrets are.
type SecretFlags struct {
	SecretFile string `env:"ITHILDIN_SECRET_FILE" placeholder:"PATH" help:"@secret_file"`
}

func (f SecretFlags) load(p *problems, dev bool) [][]byte {
	var secrets [][]byte
	before := len(*p)
	for line := range strings.Lines(p.secret("ITHILDIN_SECRET", f.SecretFile)) {
		if line = strings.TrimSpace(line); line != "" {
			secrets = append(secrets, []byte(line))
		}
	}
	for i, secret := range secrets {
		if len(secret) < seal.MinimumSecret {
			p.add("ITHILDIN_SECRET", "has %d bytes on line %d: want at least %d", len(secret), i+1, seal.MinimumSecret)
		}
	}
	if len(secrets) == 0 && !dev && len(*p) == before {
		p.add("ITHILDIN_SECRET", "is required: `openssl rand -base64 48` makes one; ITHILDIN_SECRET_FILE names a file")
	}
	return secrets
}
