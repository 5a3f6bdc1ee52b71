package mithril

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"ithildin/storage"
)

// SecretForm makes what we keep of a connection's secret out of what the source keeps. The source's newer versions keep
// a hash, of a kind that was never published: a form for it is a new entry of SecretForms.
type SecretForm func(ctx context.Context, i *importer, id, stored string) (storage.ConnectionSecret, error)

// SecretForms are the known forms by name.
var SecretForms = map[string]SecretForm{
	"plain": plainSecret,
	"sha256-hex": func(_ context.Context, _ *importer, id, stored string) (storage.ConnectionSecret, error) {
		hash, err := hex.DecodeString(stored)
		return hashedSecret(id, hash, err)
	},
	"sha256-base64": func(_ context.Context, _ *importer, id, stored string) (storage.ConnectionSecret, error) {
		hash, err := base64.StdEncoding.DecodeString(stored)
		return hashedSecret(id, hash, err)
	},
	"bcrypt": func(_ context.Context, _ *importer, id, stored string) (storage.ConnectionSecret, error) {
		if !strings.HasPrefix(stored, "$2") {
			return storage.ConnectionSecret{}, errors.New("the secret is no bcrypt hash")
		}
		return storage.ConnectionSecret{ID: id, PasswordHash: stored}, nil
	},
}

// strongSecret is the form in which mithril makes secrets: 128 random bits (contract section 1).
var strongSecret = regexp.MustCompile(`^[A-Za-z0-9]{28}(QT09|UT09|Zz09|dz09)$`)

// plainSecret keeps a fast hash of a strong secret, and a slow one of a weak one, which has a keyed one beside it, by
// which it is found as an api-key.
func plainSecret(ctx context.Context, i *importer, id, stored string) (storage.ConnectionSecret, error) {
	secret := storage.ConnectionSecret{ID: id}
	if stored != "" && i.SealSecrets && i.Store != nil {
		secret.Sealed = i.Store.SealSecret(id, stored)
	}
	if strongSecret.MatchString(stored) {
		secret.Hash = storage.Hash(stored)
		return secret, nil
	}
	if stored == "" {
		return secret, errors.New("the secret is empty")
	}
	if i.Store == nil {
		return secret, nil
	}
	var err error
	if secret.Lookup, err = i.Store.WeakSecretLookup(ctx, stored); err != nil {
		return secret, err
	}
	known, err := i.Store.HasSecretLookup(ctx, id, secret.Lookup)
	if err != nil || known {
		secret.PasswordHash = "kept" // the row is there and stays as it is
		return secret, err
	}
	secret.PasswordHash, err = i.HashSecret(ctx, stored)
	return secret, err
}

func hashedSecret(id string, hash []byte, err error) (storage.ConnectionSecret, error) {
	if err != nil || len(hash) != 32 {
		return storage.ConnectionSecret{}, fmt.Errorf("the secret is no SHA-256 hash of that form")
	}
	return storage.ConnectionSecret{ID: id, Hash: hash}, nil
}
