package storage

import "time"

// NewClient returns a client of a preset that is not stored yet, created at now. It has the policy of
// the preset, the grants authorization_code and refresh_token, and the authentication client_secret_basic, or
// client_secret_post for the presets of the legacy API, but neither a name nor a connection. The error is that of
// NewPolicy.
func NewClient(id, preset string, now time.Time) (Client, error) {
	policy, err := NewPolicy(preset)
	if err != nil {
		return Client{}, err
	}
	method := AuthMethodPost
	if preset == PresetStandard {
		method = AuthMethodBasic
	}
	return Client{
		ID: id, Policy: policy, CreatedAt: now, UpdatedAt: now,
		Metadata: Metadata{
			GrantTypes: []string{"authorization_code", "refresh_token"}, ResponseTypes: []string{"code"},
			TokenEndpointAuthMethod: method,
		},
	}, nil
}

// NewConnection returns a connection of a client that is not stored yet, created at now, with the rules
// of a preset and without secrets.
func NewConnection(id, clientID, preset string, redirectURIs []string, now time.Time) *Connection {
	c := &Connection{ID: id, ClientID: clientID, RedirectURIs: redirectURIs, CreatedAt: now, UpdatedAt: now}
	c.ApplyPreset(preset)
	return c
}

// SecretValue is the secret of a connection as its client will send it or sign with it.
type SecretValue struct {
	Text string
	// PasswordHash is the argon2id hash of a text that a person chose. "": the text has 128 random bits or more, for
	// which SHA-256 is enough.
	PasswordHash string
	// Sealed keeps the text itself under the master secret (CanSeal), for a client that signs with it, or for the legacy
	// admin API, which shows it again.
	Sealed bool
}

// NewConnectionSecret returns a secret that is not stored yet and does not expire, in the form that the database keeps.
func (s *connectionStore) NewConnectionSecret(value SecretValue) ConnectionSecret {
	secret := ConnectionSecret{ID: s.NewID(), PasswordHash: value.PasswordHash, CreatedAt: s.Now()}
	if value.PasswordHash == "" {
		secret.Hash = Hash(value.Text)
	}
	if value.Sealed {
		secret.Sealed = s.SealSecret(secret.ID, value.Text)
	}
	return secret
}
