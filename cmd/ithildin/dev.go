package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ithildin/storage"
)

const (
	devDatabaseURL = "sqlite:ithildin-dev.db"
	devSecretFile  = "ithildin-dev.secret"
	// devMark is the setting by which a database says that a development server made it.
	devMark = "development"
)

// keepDevelopmentSecret gives a development server the master secret that lies beside its database, made at the first
// start, unless one is configured.
func (s *settings) keepDevelopmentSecret() error {
	if len(s.secrets) > 0 {
		return nil
	}
	path := devSecretFile
	if database, lite := strings.CutPrefix(s.databaseURL, "sqlite:"); lite {
		path = filepath.Join(filepath.Dir(database), devSecretFile)
	}
	if err := makeSecretFile(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	content, err := readBounded(path, nil)
	if err != nil {
		return err
	}
	secret := []byte(strings.TrimSpace(string(content)))
	if len(secret) < storage.MinimumSecret {
		return withHint("remove it together with the development database",
			fmt.Errorf("%s holds less than %d bytes", path, storage.MinimumSecret))
	}
	s.secrets = [][]byte{secret}
	return nil
}

func makeSecretFile(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	raw := make([]byte, 48)
	if _, err := rand.Read(raw); err != nil {
		return errors.Join(err, file.Close())
	}
	_, err = fmt.Fprintln(file, base64.StdEncoding.EncodeToString(raw))
	return errors.Join(err, file.Close())
}

// checkMark keeps development and the real thing apart: demo data, whose passwords everyone knows, goes into no database
// but one that made says is the development server's own, and no other server uses that.
func checkMark(ctx context.Context, s *settings, store *storage.Store, made func() (bool, error)) error {
	_, err := store.Setting(ctx, devMark)
	marked := err == nil
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	switch {
	case marked && !s.dev:
		return withHint("serve --dev uses it; ITHILDIN_DATABASE_URL names another",
			errors.New("this database was made by serve --dev, and everyone knows its passwords"))
	case marked || !s.dev:
		return nil
	}
	own, err := made()
	if err != nil {
		return err
	}
	if !own {
		return withHint("name another database, or none: "+devDatabaseURL+" is the default",
			errors.New("serve --dev did not make this database and leaves it alone"))
	}
	return store.PutSetting(ctx, devMark, "true")
}

// unused says that a database holds nobody and nothing yet, as ithildin migrate up leaves it.
func unused(ctx context.Context, store *storage.Store) (bool, error) {
	users, err := store.ListUsers(ctx, "", 1)
	if err != nil {
		return false, err
	}
	clients, err := store.ListClients(ctx, "", 1)
	return len(users) == 0 && len(clients) == 0, err
}
