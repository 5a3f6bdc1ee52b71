package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage/seal"
)

// What a development server has where nothing is configured, below its working directory.
const (
	DevelopmentDatabaseURL = "sqlite:ithildin-dev.db"
	DevelopmentSecretFile  = "ithildin-dev.secret"
)

// KeepDevelopmentSecret gives a development server the master secret that lies beside its database, made at the first
// start, unless one is configured.
func (s *Settings) KeepDevelopmentSecret() error {
	if len(s.Database.Secrets) > 0 {
		return nil
	}
	path := DevelopmentSecretFile
	if database, isSQLite := strings.CutPrefix(s.Database.URL, "sqlite:"); isSQLite {
		path = filepath.Join(filepath.Dir(database), DevelopmentSecretFile)
	}
	if err := makeSecretFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	content, err := console.ReadFile(path, nil)
	if err != nil {
		return err
	}
	secret := []byte(strings.TrimSpace(string(content)))
	if len(secret) < seal.MinimumSecret {
		return console.WithHint("remove it together with the development database",
			fmt.Errorf("%s holds less than %d bytes", path, seal.MinimumSecret))
	}
	s.Database.Secrets = [][]byte{secret}
	return nil
}

// makeSecretFile makes a file with a random master secret. fs.ErrExist: it is there already.
func makeSecretFile(path string) error {
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		return err
	}
	return writeNewFile(path, base64.StdEncoding.EncodeToString(raw)+"\n")
}
