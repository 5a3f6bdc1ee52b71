package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

const (
	demoEmail    = "doctor@example.com"
	demoPassword = "demo-password-1"
	// callbackPath is a page of a development server, below its issuer.
	callbackPath = "/dev/callback"
)

// demoClient is a client of the demo data, with the secret that everyone knows.
type demoClient struct {
	id, connectionID, secretID string
	name, preset, secret       string
	typeID                     string
	authMethod                 string
	scope, grantTypes          []string
	responseTypes              []string
	otherRedirects             []string
	authorizeScope             string
}

// Data is the data of a development server.
type Data struct {
	issuer   string
	host     string // of the issuer, as config.HostName makes it
	callback string
	eHealth  demoClient
	standard demoClient
}

const (
	demoUserID = "2f1f0a5e-6a05-4b0e-9d5c-0c7d1a3f6b11"
	demoRoleID = "6d3e5d6c-51c4-4c69-8a52-5a3e9b0c4f22"
	demoRole   = "DOCTOR"
	demoTypeID = "b9f0a1d4-7f2b-4a7e-9f63-2d8c5e1b7a33"
)

// demoScopes are the scopes of the eHealth client, with the titles that the consent page shows.
var demoScopes = []storage.Scope{
	{Name: "capitation_contracts:view", TitleUkrainian: "Переглядати договори за капітацією",
		TitleEnglish: "View capitation contracts"},
	{Name: "capitation_contracts:create", TitleUkrainian: "Створювати договори за капітацією",
		TitleEnglish: "Create capitation contracts"},
	{Name: "patients:view", TitleUkrainian: "Переглядати дані пацієнтів", TitleEnglish: "View patients"},
	{Name: "patients:create", TitleUkrainian: "Реєструвати пацієнтів", TitleEnglish: "Register patients"},
	{Name: "legal_entity:read", TitleUkrainian: "Переглядати дані закладу", TitleEnglish: "View the legal entity"},
	{Name: "employee:read", TitleUkrainian: "Переглядати дані працівників", TitleEnglish: "View employees"},
}

var demoProfile = json.RawMessage(`{
	"name": "Олена Петрівна Коваль", "given_name": "Олена", "middle_name": "Петрівна", "family_name": "Коваль",
	"nickname": "Олена", "preferred_username": "o.koval", "gender": "female", "birthdate": "1984-05-17",
	"profile": "https://example.com/o.koval", "picture": "https://example.com/o.koval.png",
	"website": "https://example.com",
	"zoneinfo": "Europe/Kyiv", "locale": "uk-UA", "email_verified": true,
	"phone_number": "+380501234567", "phone_number_verified": true,
	"address": {"formatted": "вул. Хрещатик, 1\nКиїв\n01001\nУкраїна", "street_address": "вул. Хрещатик, 1",
		"locality": "Київ", "region": "Київ", "postal_code": "01001", "country": "Україна"}
}`)

// New describes the data of a development server with this issuer; nothing is stored yet.
func New(issuer *url.URL) Data {
	var governed []string
	for _, scope := range demoScopes {
		governed = append(governed, scope.Name)
	}
	return Data{
		issuer: issuer.String(), host: config.HostName(issuer.Host), callback: issuer.String() + callbackPath,
		eHealth: demoClient{
			id: "6498d88e-97fb-47e2-85a5-99e884f888aa", connectionID: "0f7d3c52-1a7e-4d0b-8a51-3b1c6d9e2f44",
			secretID: "5d0a8c4f-2b3e-4f6d-9c7a-8e1f0b2d3c55", name: "Медичний центр (eHealth)",
			preset: storage.PresetEHealth, secret: "msp-001-secret-key", typeID: demoTypeID,
			authMethod: storage.AuthMethodPost, grantTypes: []string{"authorization_code", "refresh_token"},
			responseTypes:  []string{"code"},
			scope:          append([]string{"openid", "profile", "email", "offline_access"}, governed...),
			otherRedirects: []string{"https://example.com/"}, authorizeScope: strings.Join(governed, " "),
		},
		standard: demoClient{
			id: "demo", connectionID: "7c2b9e1d-4f5a-4e3c-b6d8-1a0f9e8d7c66", secretID: "9e4f7a2b-6c1d-4b8e-a3f5-0d9c8b7a6e77",
			name: "Demo", preset: storage.PresetStandard, secret: "demo-secret", authMethod: storage.AuthMethodBasic,
			grantTypes: []string{
				"authorization_code", "implicit", "refresh_token", "client_credentials", oauth.GrantTypeDeviceCode,
			},
			responseTypes:  oauth.ResponseTypes, // of which those count that are turned on
			scope:          append([]string{"openid", "profile", "email", "address", "phone", "offline_access"}, governed...),
			authorizeScope: "openid profile email patients:view",
		},
	}
}

// Fill stores the demo data that are missing. It does not change what is stored, except for the redirect URI, which
// follows the issuer.
func (d Data) Fill(ctx context.Context, store *storage.Store, passwords *identity.Passwords) error {
	if err := d.fillScopes(ctx, store); err != nil {
		return err
	}
	for _, client := range []demoClient{d.eHealth, d.standard} {
		if err := d.fillClient(ctx, store, passwords, client); err != nil {
			return fmt.Errorf("client %s: %w", client.id, err)
		}
	}
	userID, err := d.fillUser(ctx, store, passwords)
	if err != nil {
		return err
	}
	role, err := store.FindRoleByName(ctx, demoRole)
	if err != nil {
		return err
	}
	return errors.Join(
		store.GrantRole(ctx, userID, role.ID, d.eHealth.id),
		store.GrantRole(ctx, userID, role.ID, d.standard.id))
}

func (d Data) fillUser(
	ctx context.Context, store *storage.Store, passwords *identity.Passwords,
) (id string, err error) {
	known, err := store.FindUserByEmail(ctx, demoEmail)
	if err == nil {
		return known.ID, nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	hash, err := passwords.Hash(ctx, demoPassword)
	if err != nil {
		return "", err
	}
	now := store.Now()
	return demoUserID, store.CreateUser(ctx, storage.User{
		ID: demoUserID, Email: demoEmail, Password: hash, PasswordSetAt: now, TaxID: "3087512347", Profile: demoProfile,
		CreatedAt: now, UpdatedAt: now,
	})
}

func (d Data) fillScopes(ctx context.Context, store *storage.Store) error {
	if _, err := store.FindRoleByName(ctx, demoRole); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	var names []string
	for _, scope := range demoScopes {
		names = append(names, scope.Name)
		scope.GovernedBy, scope.LoginForm, scope.Assurance = storage.GovernedByRole, "password", "password"
		if err := store.PutScope(ctx, scope); err != nil {
			return err
		}
	}
	err := store.CreateClientType(ctx, storage.ClientType{ID: demoTypeID, Name: "MSP", Scope: d.eHealth.scope})
	if err != nil && !errors.Is(err, storage.ErrConflict) {
		return err
	}
	// Last, because it is what says that the scopes are there.
	return store.CreateRole(ctx, storage.Role{ID: demoRoleID, Name: demoRole, Scope: names})
}

func (d Data) fillClient(ctx context.Context, store *storage.Store, passwords *identity.Passwords, c demoClient) error {
	known, err := store.LoadClient(ctx, c.id)
	if err == nil {
		return d.moveCallback(ctx, store, known)
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	now := store.Now()
	client, err := storage.NewClient(c.id, c.preset, now)
	if err != nil {
		return err
	}
	hash, err := passwords.Hash(ctx, c.secret)
	if err != nil {
		return err
	}
	secret := store.NewConnectionSecret(storage.SecretValue{Text: c.secret, PasswordHash: hash})
	secret.ID = c.secretID
	connection := storage.NewConnection(c.connectionID, c.id, c.preset, append(c.otherRedirects, d.callback), now)
	connection.Secrets = []storage.ConnectionSecret{secret}
	client.Name, client.TypeID, client.Scope = c.name, c.typeID, c.scope
	client.Connections = []*storage.Connection{connection}
	client.Metadata = storage.Metadata{
		GrantTypes: c.grantTypes, ResponseTypes: c.responseTypes, TokenEndpointAuthMethod: c.authMethod,
	}
	// DIRECT for both: there is no medical information system with an api-key in the demo data.
	if err := client.SetAccessType(storage.AccessTypeDirect); err != nil {
		return err
	}
	return store.CreateClient(ctx, client)
}

func (d Data) moveCallback(ctx context.Context, store *storage.Store, client *storage.Client) error {
	for _, connection := range client.Connections {
		moved := false
		for i, uri := range connection.RedirectURIs {
			if strings.HasSuffix(uri, callbackPath) && uri != d.callback {
				connection.RedirectURIs[i], moved = d.callback, true
			}
		}
		if moved {
			if err := store.UpdateConnection(ctx, *connection); err != nil {
				return err
			}
		}
	}
	return nil
}

// authorizeURL begins a sign-in through the standard face.
func (d Data) authorizeURL(c demoClient) string {
	return d.issuer + oauth.PathAuthorize + "?" + url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {d.callback}, "scope": {c.authorizeScope},
		"state": {"demo-state"},
	}.Encode()
}

// signInURL begins one through the legacy face.
func (d Data) signInURL(c demoClient) string {
	return d.issuer + "/sign-in?" + url.Values{
		"client_id": {c.id}, "redirect_uri": {d.callback}, "scope": {c.authorizeScope}, "response_type": {"code"},
	}.Encode()
}

// Announce prints the issuer, a URL for a sign-in, the demo password and a command that gets a token.
func (d Data) Announce(out io.Writer) {
	fmt.Fprintf(out, `Issuer:  %s
Sign in: %s
         as %s with the password %s (more ways: %s/dev/)
Token:   curl -u %s:%s -d grant_type=client_credentials %s%s
`, d.issuer, d.authorizeURL(d.standard), demoEmail, demoPassword, d.issuer,
		d.standard.id, d.standard.secret, d.issuer, oauth.PathToken)
}
