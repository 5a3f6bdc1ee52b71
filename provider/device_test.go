package provider_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// deviceClient lets a client have people sign in for devices.
func deviceClient(c *storage.Client) {
	c.Metadata.GrantTypes = append(c.Metadata.GrantTypes, oauth.GrantTypeDeviceCode)
}

// beginDevice begins a request of a device of a client with its secret.
func (s *stack) beginDevice(id, scope string) reply {
	got := s.post(oauth.PathDevice, id, url.Values{"scope": {scope}})
	require.Equal(s.t, http.StatusOK, got.status, got.raw)
	return got
}

func deviceForm(deviceCode string) url.Values {
	return url.Values{"grant_type": {oauth.GrantTypeDeviceCode}, "device_code": {deviceCode}}
}

// poll asks for the tokens of a device.
func (s *stack) poll(id string, begun reply) reply {
	return s.post(oauth.PathToken, id, deviceForm(begun.member("device_code")))
}

// requirePoll polls for a device that has no tokens, and demands the error.
func (s *stack) requirePoll(id string, begun reply, code string) {
	s.t.Helper()
	got := s.poll(id, begun)
	require.Equal(s.t, http.StatusBadRequest, got.status, got.raw)
	require.Equal(s.t, code, got.member("error"), got.raw)
}

// enter types a code of a device.
func (b *browser) enter(code string) page {
	return b.post(b.stack.server.URL+"/device", url.Values{"user_code": {code}})
}

// toConfirmation types a code of a device, and signs in where that is asked for.
func (b *browser) toConfirmation(code string) page {
	b.stack.t.Helper()
	p := b.enter(code)
	if p.url.Path == "/login/sign-in" {
		p = b.signIn(p)
	}
	require.Equal(b.stack.t, "/device/confirm", p.url.Path, p.body)
	require.Contains(b.stack.t, p.body, code)
	return p
}

// answerDevice answers the question whether a device may have access; the person says that its code matches.
func (b *browser) answerDevice(p page, decision string) page {
	return b.post(b.stack.server.URL+"/device/confirm",
		url.Values{"request": {p.request(b.stack.t)}, "decision": {decision}, "matches": {"yes"}})
}

// approve goes all the way for a device.
func (b *browser) approve(begun reply) {
	b.stack.t.Helper()
	p := b.answerDevice(b.toConfirmation(begun.member("user_code")), "accept")
	require.Equal(b.stack.t, http.StatusOK, p.status, p.body)
	require.Contains(b.stack.t, p.body, "Доступ надано")
}

func TestADeviceGetsTokensForWhoeverApprovesIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine)
			s.client("tv", func(c *storage.Client) { deviceClient(c); c.Policy.AccessToken = form })
			begun := s.beginDevice("tv", "openid email offline_access patients:view")
			require.Equal(t, "no-store", begun.header.Get("Cache-Control"))
			require.Len(t, begun.body, 6)
			require.Regexp(t, "^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$", begun.member("user_code"))
			require.Equal(t, s.server.URL+"/device", begun.member("verification_uri"))
			require.Equal(t, s.server.URL+"/device?user_code="+begun.member("user_code"),
				begun.member("verification_uri_complete"))
			require.EqualValues(t, 600, begun.body["expires_in"])
			require.EqualValues(t, 5, begun.body["interval"])
			s.requirePoll("tv", begun, "authorization_pending")

			b := s.browser()
			b.approve(begun)
			s.clock.Advance(5 * time.Second)
			tokens := s.poll("tv", begun)
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			require.Equal(t, "openid email offline_access patients:view", tokens.member("scope"))
			claims := claimsOf(t, tokens.member("id_token"))
			require.Equal(t, s.userID, claims["sub"])
			require.Equal(t, "tv", claims["aud"])
			require.NotEmpty(t, claims["at_hash"])
			require.NotEmpty(t, claims["auth_time"])
			require.Equal(t, "doctor@example.com", s.userinfo(tokens.member("access_token")).member("email"))
			refreshed := s.refresh("tv", tokens.member("refresh_token"))
			require.Equal(t, http.StatusOK, refreshed.status, refreshed.raw)
			seen := s.post(oauth.PathIntrospect, "tv", url.Values{"token": {refreshed.member("access_token")}})
			require.Equal(t, true, seen.body["active"])

			var kinds []string
			events, err := s.store.ListEvents(t.Context(), storage.EventFilter{UserID: s.userID, Limit: 100})
			require.NoError(t, err)
			for _, e := range events {
				kinds = append(kinds, e.Kind)
				if e.Kind == storage.EventCodeExchanged {
					require.Equal(t, oauth.GrantTypeDeviceCode, e.Details["grant_type"])
				}
			}
			for _, kind := range []string{
				storage.EventDeviceApproved, storage.EventConsented, storage.EventCodeExchanged,
			} {
				require.Contains(t, kinds, kind)
			}
		}
	})
}

func publicDeviceClient(c *storage.Client) {
	publicClient(c)
	c.Metadata.GrantTypes, c.Metadata.ResponseTypes = []string{oauth.GrantTypeDeviceCode}, nil
	c.Connections[0].RedirectURIs = nil
}

func TestTheOperatorSaysHowManyDevicesAndPushesOfPublicClientsThereMayBe(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) {
		o.Devices.PublicRate, o.PushedRequests.PublicRate = 3, 2
	})
	s.client("cli", publicDeviceClient)
	s.client("app", publicClient)
	for path, most := range map[string]int{oauth.PathDevice: 3, oauth.PathPushedRequest: 2} {
		form := challenged(request("app", "openid"))
		if path == oauth.PathDevice {
			form = url.Values{"client_id": {"cli"}, "scope": {"openid"}}
		}
		for range most {
			require.Less(t, s.post(path, "", form).status, http.StatusMultipleChoices)
		}
		require.Equal(t, http.StatusTooManyRequests, s.post(path, "", form).status)
	}
}

func TestADeviceOfAPublicClientGetsTokens(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("cli", publicDeviceClient)
		begun := s.post(oauth.PathDevice, "", url.Values{"client_id": {"cli"}, "scope": {"openid"}})
		require.Equal(t, http.StatusOK, begun.status, begun.raw)
		s.browser().approve(begun)
		form := deviceForm(begun.member("device_code"))
		form.Set("client_id", "cli")
		tokens := s.post(oauth.PathToken, "", form)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.NotContains(t, tokens.body, "refresh_token", "neither registered nor asked for")
	})
}

func TestADeviceIsToldOfTheRefusalAndOfTheExpiry(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		denied, left := s.beginDevice("tv", "openid"), s.beginDevice("tv", "openid")
		b := s.browser()
		p := b.answerDevice(b.toConfirmation(denied.member("user_code")), "deny")
		require.Contains(t, p.body, "Запит відхилено")
		s.requirePoll("tv", denied, "access_denied")
		s.requirePoll("tv", denied, "access_denied")
		events, err := s.store.ListEvents(t.Context(), storage.EventFilter{Kind: storage.EventDeviceDenied, Limit: 100})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.Equal(t, "127.0.0.1", events[0].Details["device_address"])

		s.clock.Advance(10 * time.Minute)
		s.requirePoll("tv", left, "expired_token")
		require.Contains(t, b.enter(left.member("user_code")).body, "Такого коду немає")
	})
}

func TestADeviceThatPollsTooOftenIsSlowedDownForGood(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		begun := s.beginDevice("tv", "openid")
		s.requirePoll("tv", begun, "authorization_pending")
		s.clock.Advance(5 * time.Second)
		s.requirePoll("tv", begun, "authorization_pending")
		s.clock.Advance(2 * time.Second)
		s.requirePoll("tv", begun, "slow_down")
		s.start() // another process remembers it too
		s.clock.Advance(5 * time.Second)
		s.requirePoll("tv", begun, "slow_down") // 10 seconds by now
		s.clock.Advance(10 * time.Second)
		s.requirePoll("tv", begun, "slow_down") // and 15
		s.clock.Advance(20 * time.Second)
		s.requirePoll("tv", begun, "authorization_pending")
		s.browser().approve(begun)
		require.Equal(t, http.StatusOK, s.poll("tv", begun).status, "who was approved waits no longer")
	})
}

func TestADeviceMayAskForNoMoreThanItsClient(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", deviceClient)
		s.client("clinic", nil)
		blocked := s.client("blocked", deviceClient)
		require.NoError(t, s.store.BlockClient(t.Context(), blocked.ID, ""))
		for name, c := range map[string]struct {
			client, scope string
			status        int
			code          string
		}{
			"a scope outside of the client": {"tv", "openid admin", 400, "invalid_scope"},
			"a client without the grant":    {"clinic", "openid", 400, "unauthorized_client"},
			"a client that is blocked":      {"blocked", "openid", 400, "unauthorized_client"},
			"a client that is unknown":      {"nobody", "openid", 401, "invalid_client"},
		} {
			got := s.post(oauth.PathDevice, c.client, url.Values{"scope": {c.scope}})
			require.Equal(t, c.status, got.status, name)
			require.Equal(t, c.code, got.member("error"), name)
		}
		wrong := s.post(oauth.PathDevice, "tv", url.Values{"scope": {"openid"}, "audience": {"https://api.example"}})
		require.Equal(t, "invalid_request", wrong.member("error"), wrong.raw)
		details := s.post(oauth.PathDevice, "tv", url.Values{"authorization_details": {`[{"type": "x"}]`}})
		require.Equal(t, "invalid_authorization_details", details.member("error"), details.raw)
		notRegistered := s.post(oauth.PathToken, "clinic", deviceForm("x"))
		require.Equal(t, "unauthorized_client", notRegistered.member("error"))
		require.Equal(t, "invalid_request",
			s.post(oauth.PathToken, "tv", url.Values{"grant_type": {oauth.GrantTypeDeviceCode}}).member("error"))
	})
}

func TestTheAudienceThatADeviceAskedForIsThatOfItsToken(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", func(c *storage.Client) {
		deviceClient(c)
		c.Metadata.Audience = []string{"https://first.example", "https://second.example"}
	})
	begun := s.post(oauth.PathDevice, "tv", url.Values{"audience": {"https://second.example"}})
	require.Equal(t, http.StatusOK, begun.status, begun.raw)
	s.browser().approve(begun)
	require.Equal(t, "https://second.example", claimsOf(t, s.poll("tv", begun).member("access_token"))["aud"])
}

func TestADeviceNamesTheResourceThatItsTokenIsFor(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.resource(recordsAPI, nil)
		s.client("tv", func(c *storage.Client) { deviceClient(c); c.Metadata.Audience = []string{billingAPI, recordsAPI} })
		begun := s.post(oauth.PathDevice, "tv", url.Values{"scope": {"openid"}, "resource": {billingAPI, recordsAPI}})
		require.Equal(t, http.StatusOK, begun.status, begun.raw)
		b := s.browser()
		p := b.toConfirmation(begun.member("user_code"))
		require.Contains(t, p.body, "Медичні записи")
		b.answerDevice(p, "accept")
		form := deviceForm(begun.member("device_code"))
		form.Set("resource", "https://elsewhere.example")
		require.Equal(t, "invalid_target", s.post(oauth.PathToken, "tv", form).member("error"))
		form.Set("resource", recordsAPI)
		require.Equal(t, recordsAPI, claimsOf(t, s.post(oauth.PathToken, "tv", form).member("access_token"))["aud"])
		foreign := s.post(oauth.PathDevice, "tv", url.Values{"resource": {"https://elsewhere.example"}})
		require.Equal(t, "invalid_target", foreign.member("error"), foreign.raw)
	})
}

func TestTheRolesOfThePersonLimitWhatADeviceGets(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	begun := s.beginDevice("tv", "openid patients:create")
	b := s.browser()
	p := b.signIn(b.enter(begun.member("user_code")))
	require.Equal(t, http.StatusBadRequest, p.status)
	require.Contains(t, p.body, "patients:create")
	s.requirePoll("tv", begun, "authorization_pending")
}

func TestAScopeThatNeedsASecondFactorNeedsItForADeviceToo(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	require.NoError(t, s.store.PutScope(t.Context(), storage.Scope{
		Name: "patients:view", GovernedBy: storage.GovernedByRole, Assurance: storage.AssuranceOneTimeCode,
	}))
	b := s.browser()
	require.Equal(t, "/device/confirm", b.toConfirmation(s.beginDevice("tv", "openid").member("user_code")).url.Path)
	p := b.enter(s.beginDevice("tv", "patients:view").member("user_code"))
	require.Equal(t, "/login/sign-in", p.url.Path, "the session by a password is too weak")
	require.NotEqual(t, "/device/confirm", b.signIn(p).url.Path)
}

func TestACodeMayBeTypedInAnyForm(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	code := s.beginDevice("tv", "openid").member("user_code")
	lookalikes := strings.NewReplacer("B", "в", "C", "С", "H", "Н", "K", "к", "M", "М", "P", "Р", "T", "т", "X", "Х")
	for _, typed := range []string{
		strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + " ",
		lookalikes.Replace(code),
	} {
		require.Equal(t, "/login/sign-in", s.browser().enter(typed).url.Path, typed)
	}
	for _, wrong := range []string{"", code[:8], code + "B", "AEIO-UAEI", "1234-5678"} {
		require.Contains(t, s.browser().enter(wrong).body, "Такого коду немає", wrong)
	}
}

func TestTheConfirmationSaysWhoAsksForWhatSinceWhenAndFromWhere(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	s.client("tv", deviceClient)
	require.NoError(t, s.store.PutScope(t.Context(), storage.Scope{
		Name: "patients:view", TitleUkrainian: "Переглядати дані пацієнтів", TitleEnglish: "View patients",
		GovernedBy: storage.GovernedByRole,
	}))
	begun := s.beginDevice("tv", "patients:view")
	p := s.browser().toConfirmation(begun.member("user_code"))
	for _, said := range []string{
		"Клініка", "Переглядати дані пацієнтів", begun.member("user_code"), "127.0.0.1", "<time datetime=",
		"на іншому пристрої", "Дозволяйте, лише якщо ви самі почали вхід", "doctor@example.com",
	} {
		require.Contains(t, p.body, said)
	}
	require.NotContains(t, p.header.Get("Content-Security-Policy"), "script-src")
	english := s.browser().get(s.server.URL + "/device?lang=en")
	require.Contains(t, english.body, "Enter a code only if you have just begun to sign in yourself")
}

func TestTheQRCodeOfADeviceIsAPicture(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	p := s.browser().get(s.server.URL + "/device/qr?user_code=WDJB-MJHT")
	require.Equal(t, http.StatusOK, p.status)
	require.Equal(t, "image/png", p.header.Get("Content-Type"))
	picture, err := png.Decode(bytes.NewReader([]byte(p.body)))
	require.NoError(t, err)
	require.Equal(t, picture.Bounds().Dx(), picture.Bounds().Dy())
	require.GreaterOrEqual(t, picture.Bounds().Dx(), (21+8)*8)
	require.Equal(t, http.StatusBadRequest, s.browser().get(s.server.URL+"/device/qr?user_code=x").status)
}

func TestMetadataNamesTheDeviceAuthorizationEndpoint(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	found := s.discovered()
	require.Equal(t, s.server.URL+oauth.PathDevice, found["device_authorization_endpoint"])
	require.Contains(t, found["grant_types_supported"], oauth.GrantTypeDeviceCode)
}

func TestTheTokensOfADeviceAreBoundToItsKey(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		s.client("tv", func(c *storage.Client) { deviceClient(c); c.Metadata.DPoPBoundAccessTokens = true })
		key, other := dpoptest.NewKey(t), dpoptest.NewKey(t)
		begun := s.postProved(oauth.PathDevice, "tv", url.Values{"scope": {"openid"}},
			s.proof(key, http.MethodPost, oauth.PathDevice))
		require.Equal(t, http.StatusOK, begun.status, begun.raw)
		s.browser().approve(begun)
		form := deviceForm(begun.member("device_code"))
		require.Equal(t, "invalid_grant", s.tokensBy(other, "tv", form).member("error"), "begun with another key")
		require.Equal(t, "invalid_grant", s.poll("tv", begun).member("error"), "no key")
		tokens := s.tokensBy(key, "tv", form)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		require.Equal(t, "DPoP", tokens.member("token_type"))
		require.Equal(t, map[string]any{"jkt": key.Thumbprint()}, claimsOf(t, tokens.member("access_token"))["cnf"])

		unbound := s.beginDevice("tv", "openid")
		s.browser().approve(unbound)
		require.Equal(t, "invalid_dpop_proof", s.poll("tv", unbound).member("error"))
		require.Equal(t, http.StatusOK, s.tokensBy(key, "tv", deviceForm(unbound.member("device_code"))).status,
			"nothing was used up")
	})
}

func TestTheLifetimeOfDeviceCodesIsTheOperators(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0], func(o *provider.Options) { o.Devices.CodeLifetime = 2 * time.Minute })
	s.client("tv", deviceClient)
	begun := s.beginDevice("tv", "openid")
	require.EqualValues(t, 120, begun.body["expires_in"])
	s.clock.Advance(2 * time.Minute)
	s.requirePoll("tv", begun, "expired_token")
}
