package provider_test

import (
	"html"
	"net/url"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/identity/passkeytest"
	"ithildin/provider/login"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// passkeys turns passkeys on, for an issuer that authenticators believe to see.
func passkeys(t *testing.T) func(*provider.Options) {
	party, err := identity.NewRelyingParty(identity.RelyingPartyOptions{
		Issuer: &url.URL{Scheme: "https", Host: "id.example.com"},
	})
	require.NoError(t, err)
	return func(o *provider.Options) { o.Components.Passkeys = party }
}

var passkeyForm = regexp.MustCompile(
	`(?s)<form [^>]*id="passkey"[^>]* data-options="([^"]*)".*?name="request" value="([^"]*)"`)

// ceremony is what a page asks an authenticator, and the request that goes with the answer.
func (p page) ceremony(t *testing.T) (options, request string) {
	found := passkeyForm.FindStringSubmatch(p.body)
	require.NotNil(t, found, p.body)
	return html.UnescapeString(found[1]), found[2]
}

// newPasskey adds a passkey of the stack's user, who signs in by another one, or by the password alone.
func (s *stack) newPasskey(t *testing.T, a, by *passkeytest.Authenticator) {
	b := s.browser()
	p := b.get(s.server.URL + login.PathPasskeys)
	if by == nil {
		p = b.signIn(p)
	} else {
		p = b.usePasskey(t, p, by)
	}
	options, request := p.ceremony(t)
	p = b.post(s.server.URL+login.PathPasskeys,
		url.Values{"request": {request}, "credential": {a.Create(t, options)}})
	require.Contains(t, p.body, "Ключ доступу додано")
}

func (b *browser) usePasskey(t *testing.T, p page, a *passkeytest.Authenticator) page {
	options, request := p.ceremony(t)
	return b.post(b.stack.server.URL+login.PathPasskey,
		url.Values{"request": {request}, "credential": {a.Get(t, options)}})
}

func acrOf(parameters url.Values, values string) url.Values {
	return withClaims(parameters, `{"id_token": {"acr": {"essential": true, "values": [`+values+`]}}}`)
}

func TestPasskeysAreAuthenticationContextsOfTheirOwn(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine, passkeys(t), signatures)
		s.client("clinic", nil)
		require.Subset(t, s.discovered()["acr_values_supported"], []any{"password", "phr", "phrh", "signature"})
		hardware := passkeytest.New("https://id.example.com")
		copied := passkeytest.New("https://id.example.com")
		copied.IsBackupEligible = true
		b := s.browser()
		b.code(request("clinic", "openid"))
		p := b.authorize(acrOf(request("clinic", "openid"), `"phr"`))
		require.Equal(t, login.PathSignIn, p.url.Path, "a session by the password is too weak")
		require.Equal(t, login.PathPasskeyEnrolment, b.signIn(p).url.Path, "whoever has no passkey adds one")
		s.newPasskey(t, hardware, nil)
		s.newPasskey(t, copied, hardware)

		for name, c := range map[string]struct {
			authenticator *passkeytest.Authenticator
			request       url.Values
			acr           string
			amr           []any
		}{
			"nothing asked": {hardware, request("clinic", "openid"), "phrh", []any{"hwk", "user", "mfa"}},
			"phishing-resistant, by hardware": {
				hardware, acrOf(request("clinic", "openid"), `"phr"`), "phr", []any{"hwk", "user", "mfa"},
			},
			"phishing-resistant": {copied, acrOf(request("clinic", "openid"), `"phr"`), "phr", []any{"swk", "user", "mfa"}},
			"hardware is a wish": {
				copied, acrOf(request("clinic", "openid"), `"phrh", "phr"`), "phr", []any{"swk", "user", "mfa"},
			},
			"a weaker one is met": {
				copied, acrOf(request("clinic", "openid"), `"password"`), "password", []any{"swk", "user", "mfa"},
			},
		} {
			t.Run(name, func(t *testing.T) {
				b := s.browser()
				p := b.usePasskey(t, b.authorize(c.request), c.authenticator)
				if p.location == nil {
					p = b.decide(p, "accept")
				}
				_, claims := s.verified(s.redeem("clinic", p.parameters().Get("code")).member("id_token"), "clinic", "RS256")
				require.Equal(t, c.acr, claims["acr"])
				require.Equal(t, c.amr, claims["amr"])
			})
		}
		t.Run("a passkey after the password is as good", func(t *testing.T) {
			b := s.browser()
			p := b.signIn(b.authorize(acrOf(request("clinic", "openid"), `"phr"`)))
			require.Equal(t, login.PathPasskeyFactor, p.url.Path)
			options, request := p.ceremony(t)
			p = b.post(s.server.URL+login.PathPasskeyFactor,
				url.Values{"request": {request}, "credential": {copied.Get(t, options)}})
			_, claims := s.verified(s.redeem("clinic", p.parameters().Get("code")).member("id_token"), "clinic", "RS256")
			require.Equal(t, "phr", claims["acr"])
			require.Equal(t, []any{"pwd", "swk", "user", "mfa"}, claims["amr"])
		})
		t.Run("a passkey that may be copied is no hardware", func(t *testing.T) {
			b := s.browser()
			p := b.usePasskey(t, b.authorize(acrOf(request("clinic", "openid"), `"phrh"`)), copied)
			require.Equal(t, login.PathPasskeyEnrolment, p.url.Path)
		})
		t.Run("a scope may require a passkey", func(t *testing.T) {
			require.NoError(t, s.store.PutScope(t.Context(), storage.Scope{
				Name: "patients:sign", GovernedBy: storage.GovernedByConsent, LoginForm: storage.LoginFormPassword,
				Assurance: storage.AssurancePhishingResistant,
			}))
			client, err := s.store.LoadClient(t.Context(), "clinic")
			require.NoError(t, err)
			client.Scope = append(client.Scope, "patients:sign")
			require.NoError(t, s.store.UpdateClient(t.Context(), *client))
			b := s.browser()
			p := b.signIn(b.authorize(request("clinic", "openid patients:sign")))
			require.Equal(t, login.PathPasskeyFactor, p.url.Path, "the password alone does not do")
			b = s.browser()
			p = b.usePasskey(t, b.authorize(request("clinic", "openid patients:sign")), copied)
			require.Contains(t, p.body, `value="accept"`)
			p = b.decide(p, "accept")
			_, claims := s.verified(s.redeem("clinic", p.parameters().Get("code")).member("id_token"), "clinic", "RS256")
			require.Equal(t, "phr", claims["acr"])
		})
		t.Run("a passkey is no digital signature, and a scope that needs one excludes it", func(t *testing.T) {
			require.NoError(t, s.store.PutScope(t.Context(), storage.Scope{
				Name: "patients:view", GovernedBy: storage.GovernedByRole, LoginForm: storage.LoginFormSignature,
			}))
			b := s.browser()
			b.usePasskey(t, b.authorize(request("clinic", "openid")), hardware)
			require.Equal(t, login.PathSignature, b.authorize(request("clinic", "openid patients:view")).url.Path)
			both := b.authorize(acrOf(request("clinic", "openid patients:view"), `"phrh", "phr"`))
			require.Equal(t, "unmet_authentication_requirements", both.parameters().Get("error"))
		})
	})
}

func TestOwnerOfAPasskeyIsToldOfItByMail(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newResetting(t, engine)
		user, err := s.store.FindUserByEmail(t.Context(), forgetfulEmail)
		require.NoError(t, err)
		passkey := storage.Passkey{
			ID: s.store.NewID(), UserID: user.ID, Name: "Робочий ноутбук", CredentialID: []byte("credential"),
			UserHandle: []byte("handle"), PublicKey: []byte("key"), AAGUID: s.store.NewID(), CreatedAt: s.store.Now(),
		}
		require.NoError(t, s.store.CreatePasskey(t.Context(), passkey))
		require.NoError(t, s.store.DeletePasskey(t.Context(), user.ID, passkey.ID))
		require.Equal(t, []string{"Видалено ключ доступу: «Реєстр»", "Додано ключ доступу: «Реєстр»"}, s.told(forgetfulEmail))
		require.Contains(t, s.server.Received()[0].Text, "«Робочий ноутбук»")
	})
}
