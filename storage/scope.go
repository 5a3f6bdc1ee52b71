package storage

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Who governs a scope: the roles of the user, or the user's consent alone.
const (
	GovernedByRole    = "role"
	GovernedByConsent = "consent"
)

// The forms in which people sign in for a scope.
const (
	LoginFormPassword  = "password"
	LoginFormPatient   = "patient" // of a patients' portal: the password form in other words, for people in the registry
	LoginFormSignature = "signature"
)

// How sure one must be of the person who grants a scope, from the weakest to the strongest.
const (
	AssurancePassword    = "password"
	AssuranceOneTimeCode = "one_time_code"
	// By a passkey: phishing-resistant, and phishing-resistant with a key that is protected by hardware (OpenID Connect
	// Extended Authentication Profile ACR Values 1.0).
	AssurancePhishingResistant         = "phr"
	AssurancePhishingResistantHardware = "phrh"
	AssuranceSignature                 = "signature"
)

// Assurances are all of them, from the weakest to the strongest.
var Assurances = []string{
	AssurancePassword, AssuranceOneTimeCode, AssurancePhishingResistant, AssurancePhishingResistantHardware,
	AssuranceSignature,
}

// Scope is an entry of the catalogue: what a person is shown, and what it takes to grant it.
type Scope struct {
	Name           string `db:"name"`
	TitleUkrainian string `db:"title_uk"`
	TitleEnglish   string `db:"title_en"`
	GovernedBy     string `db:"governed_by"`
	LoginForm      string `db:"login_form"`
	Assurance      string `db:"assurance"`
}

// ListScopes reads the catalogue in the order of names.
func (s *scopeStore) ListScopes(ctx context.Context) (scopes []Scope, err error) {
	err = s.selectAll(ctx, &scopes,
		`SELECT name, title_uk, title_en, governed_by, login_form, assurance FROM scopes ORDER BY name`)
	return scopes, err
}

// PutScope stores an entry of the catalogue, over one of the same name.
func (s *scopeStore) PutScope(ctx context.Context, scope Scope) error {
	ctx = changing(ctx, EventScopePut, scopeSubject, scope.Name)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO scopes (name, title_uk, title_en, governed_by, login_form, assurance) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET title_uk = excluded.title_uk, title_en = excluded.title_en,
       governed_by = excluded.governed_by, login_form = excluded.login_form, assurance = excluded.assurance`,
			scope.Name, scope.TitleUkrainian, scope.TitleEnglish, scope.GovernedBy, scope.LoginForm, scope.Assurance)
	})
}

// DeleteScope removes an entry of the catalogue.
func (s *scopeStore) DeleteScope(ctx context.Context, name string) error {
	ctx = changing(ctx, EventScopeDeleted, scopeSubject, name)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM scopes WHERE name = $1`, name)
	})
}
