package provider_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
	"ithildin/provider/oauth"
	"ithildin/provider/registration"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// holder is a certificate with its key.
type holder struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// signed makes a certificate that the holder of another has signed; nil is itself. It is good for an hour.
func signed(t testing.TB, by *holder, now time.Time, change func(*x509.Certificate)) *holder {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "clinic"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	if by == nil {
		by = &holder{template, key}
	}
	encoded, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(encoded)
	require.NoError(t, err)
	return &holder{certificate, key}
}

// authorityOf makes the certificate of an authority.
func authorityOf(t testing.TB, by *holder, now time.Time) *holder {
	return signed(t, by, now, func(c *x509.Certificate) {
		c.Subject.CommonName = "Authority"
		c.IsCA, c.KeyUsage, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	})
}

// behindAProxy trusts this machine about certificates of clients, and the authority for them.
func behindAProxy(authority *holder) func(*provider.Options) {
	return func(o *provider.Options) {
		pool := x509.NewCertPool()
		pool.AddCert(authority.certificate)
		o.MutualTLS = provider.MutualTLS{
			Origin: "https://mtls.example", Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Authorities: pool,
		}
	}
}

// inHeader is a certificate as a proxy passes it on (RFC 9440 2.1).
func inHeader(h *holder) string {
	return ":" + base64.StdEncoding.EncodeToString(h.certificate.Raw) + ":"
}

// sendAs sends a request with the certificate of a client, nil for none, as a proxy passes it on.
func (s *stack) sendAs(h *holder, method, path string, form url.Values, headers ...string) reply {
	r, err := http.NewRequestWithContext(context.Background(), method, s.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if h != nil {
		r.Header.Set("Client-Cert", inHeader(h))
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return s.send(r)
}

// ownToken asks for a token of the client itself, without a secret.
func (s *stack) ownToken(h *holder, clientID string, headers ...string) reply {
	return s.sendAs(h, http.MethodPost, oauth.PathToken,
		url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}}, headers...)
}

// byCertificate makes a client authenticate by a certificate of the subject CN=clinic.
func byCertificate(c *storage.Client) {
	c.Metadata.TokenEndpointAuthMethod = storage.AuthMethodTLS
	c.Metadata.TLSClientAuthSubjectDN = "CN=clinic"
	c.Connections[0].Secrets = nil
}

func TestAClientAuthenticatesByTheSubjectOfItsCertificate(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s := newStack(t, engine, behindAProxy(authority))
		named := signed(t, authority, now, func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "clinic", Organization: []string{"Clinic, first"}, Country: []string{"UA"}}
			c.DNSNames, c.EmailAddresses = []string{"clinic.example"}, []string{"it@clinic.example"}
			c.IPAddresses = []net.IP{net.ParseIP("2001:db8::1"), net.IPv4(192, 0, 2, 1)}
			c.URIs = []*url.URL{{Scheme: "spiffe", Host: "clinic.example", Path: "/mis"}}
		})
		for name, c := range map[string]struct{ right, wrong func(*storage.Metadata) }{
			"tls_client_auth_subject_dn": {
				func(m *storage.Metadata) { m.TLSClientAuthSubjectDN = `CN=clinic, O=Clinic\, first, C=UA` },
				func(m *storage.Metadata) { m.TLSClientAuthSubjectDN = "CN=clinic" },
			},
			"tls_client_auth_san_dns": {
				func(m *storage.Metadata) { m.TLSClientAuthSANDNS = "Clinic.example" },
				func(m *storage.Metadata) { m.TLSClientAuthSANDNS = "example" },
			},
			"tls_client_auth_san_uri": {
				func(m *storage.Metadata) { m.TLSClientAuthSANURI = "spiffe://clinic.example/mis" },
				func(m *storage.Metadata) { m.TLSClientAuthSANURI = "spiffe://clinic.example/" },
			},
			"tls_client_auth_san_ip": {
				func(m *storage.Metadata) { m.TLSClientAuthSANIP = "192.0.2.1" },
				func(m *storage.Metadata) { m.TLSClientAuthSANIP = "192.0.2.2" },
			},
			"tls_client_auth_san_email": {
				func(m *storage.Metadata) { m.TLSClientAuthSANEmail = "it@clinic.example" },
				func(m *storage.Metadata) { m.TLSClientAuthSANEmail = "clinic.example" },
			},
			"none": {nil, func(*storage.Metadata) {}},
		} {
			for suffix, subject := range map[string]func(*storage.Metadata){"": c.right, "-wrong": c.wrong} {
				if subject == nil {
					continue
				}
				id := name + suffix
				s.client(id, func(c *storage.Client) {
					byCertificate(c)
					c.Metadata.TLSClientAuthSubjectDN = ""
					subject(&c.Metadata)
				})
				got := s.ownToken(named, id)
				if suffix == "" {
					require.Equal(t, http.StatusOK, got.status, "%s: %s", id, got.raw)
					require.Equal(t, "Bearer", got.member("token_type"))
				} else {
					require.Equal(t, http.StatusUnauthorized, got.status, id)
					require.Equal(t, "invalid_client", got.member("error"), id)
				}
			}
		}
		intermediate := authorityOf(t, authority, now)
		below := signed(t, intermediate, now, nil)
		s.client("clinic", byCertificate)
		require.Equal(t, http.StatusUnauthorized, s.ownToken(below, "clinic").status)
		require.Equal(t, http.StatusOK, s.ownToken(below, "clinic", "Client-Cert-Chain", inHeader(intermediate)).status)
	})
}

func TestAttackCertificateThatIsNotTheClients(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s := newStack(t, engine, behindAProxy(authority))
		s.client("clinic", byCertificate)
		s.client("secret", nil)
		right := signed(t, authority, now, nil)
		for name, h := range map[string]*holder{
			"none":                 nil,
			"signed by itself":     signed(t, nil, now, nil),
			"of another authority": signed(t, authorityOf(t, nil, now), now, nil),
			"signed by a client":   signed(t, right, now, nil),
			"expired": signed(t, authority, now, func(c *x509.Certificate) {
				c.NotAfter = now.Add(-time.Minute)
			}),
			"not valid yet": signed(t, authority, now, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }),
			"of a server": signed(t, authority, now, func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			}),
			"of another subject": signed(t, authority, now, func(c *x509.Certificate) { c.Subject.CommonName = "pharmacy" }),
			"of two names": signed(t, authority, now, func(c *x509.Certificate) {
				c.Subject = pkix.Name{CommonName: "clinic", Organization: []string{"x"}}
			}),
		} {
			got := s.ownToken(h, "clinic")
			require.Equal(t, http.StatusUnauthorized, got.status, "%s: %s", name, got.raw)
			require.Equal(t, "invalid_client", got.member("error"), name)
		}
		require.Equal(t, http.StatusUnauthorized, s.ownToken(right, "secret").status, "a client with a secret proves it")
		require.Equal(t, http.StatusUnauthorized, s.post(oauth.PathToken, "clinic", credentialsForm).status)
		require.Equal(t, http.StatusOK, s.ownToken(right, "clinic").status)
	})
}

func TestAClientAuthenticatesByACertificateThatItRegistered(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s := newStack(t, engine, behindAProxy(authority))
		own := signed(t, nil, now, nil)
		expired := signed(t, nil, now, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })
		keys := &jose.JSONWebKeySet{}
		for _, h := range []*holder{own, expired} {
			keys.Keys = append(keys.Keys, jose.JSONWebKey{
				Key: h.key.Public(), Certificates: []*x509.Certificate{h.certificate}, Use: "sig",
			})
		}
		withoutCertificate := signed(t, nil, now, nil)
		keys.Keys = append(keys.Keys, jose.JSONWebKey{Key: withoutCertificate.key.Public()})
		s.client("clinic", func(c *storage.Client) {
			byCertificate(c)
			c.Metadata.TokenEndpointAuthMethod, c.Metadata.TLSClientAuthSubjectDN = storage.AuthMethodSelfSignedTLS, ""
			c.Metadata.JWKS = keys
		})
		require.Equal(t, http.StatusOK, s.ownToken(own, "clinic").status)
		for name, h := range map[string]*holder{
			"none": nil, "one like it": signed(t, nil, now, nil), "expired": expired,
			"of an authority":          signed(t, authority, now, nil),
			"of a key without its x5c": withoutCertificate,
		} {
			require.Equal(t, "invalid_client", s.ownToken(h, "clinic").member("error"), name)
		}
	})
}

func TestAccessTokensAreBoundToTheCertificate(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		for _, form := range []string{storage.AccessTokenJWT, storage.AccessTokenOpaque} {
			s := newStack(t, engine, behindAProxy(authority))
			s.client("clinic", func(c *storage.Client) {
				byCertificate(c)
				c.Policy.AccessToken, c.Metadata.CertificateBoundAccessTokens = form, true
			})
			s.client("api", func(c *storage.Client) { c.Policy.IntrospectAny = true })
			own, next := signed(t, authority, now, nil), signed(t, authority, now, nil)
			ask := func(h *holder, form url.Values, headers ...string) reply {
				form.Set("client_id", "clinic")
				return s.sendAs(h, http.MethodPost, oauth.PathToken, form, headers...)
			}
			tokens := ask(own, exchangeForm(s.browser().code(request("clinic", "openid offline_access"))))
			require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
			require.Equal(t, "Bearer", tokens.member("token_type"))
			token := tokens.member("access_token")
			seen := s.post(oauth.PathIntrospect, "api", url.Values{"token": {token}})
			thumbprint := seen.body["cnf"].(map[string]any)["x5t#S256"]
			require.Len(t, thumbprint, 43)
			if form == storage.AccessTokenJWT {
				require.Equal(t, map[string]any{"x5t#S256": thumbprint}, claimsOf(t, token)["cnf"])
			}
			userinfo := func(h *holder) int {
				return s.sendAs(h, http.MethodGet, oauth.PathUserinfo, nil, "Authorization", "Bearer "+token).status
			}
			require.Equal(t, http.StatusOK, userinfo(own))
			require.Equal(t, http.StatusUnauthorized, userinfo(next))
			require.Equal(t, http.StatusUnauthorized, userinfo(nil))

			refreshed := ask(next, refreshForm(tokens.member("refresh_token")))
			require.Equal(t, http.StatusOK, refreshed.status, "a client that authenticates may have another certificate")
			token = refreshed.member("access_token")
			require.Equal(t, http.StatusOK, userinfo(next))
			require.Equal(t, http.StatusUnauthorized, userinfo(own))

			key := dpoptest.NewKey(t)
			both := ask(own, url.Values{"grant_type": {"client_credentials"}},
				dpop.Header, s.proof(key, http.MethodPost, oauth.PathToken))
			require.Equal(t, "DPoP", both.member("token_type"), both.raw)
			seen = s.post(oauth.PathIntrospect, "api", url.Values{"token": {both.member("access_token")}})
			require.Len(t, seen.body["cnf"], 2, "the key and the certificate")
			alias := key.Proof(http.MethodPost, "https://mtls.example"+oauth.PathToken, now)
			both = ask(own, url.Values{"grant_type": {"client_credentials"}}, dpop.Header, alias)
			require.Equal(t, "DPoP", both.member("token_type"), "a proof about the alias of the endpoint: %s", both.raw)
		}
	})
}

func TestAClientWhoseAccessTokensAreBoundToACertificateGetsNoneWithoutIt(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		s := newStack(t, engine, behindAProxy(authority))
		s.client("clinic", func(c *storage.Client) { c.Metadata.CertificateBoundAccessTokens = true })
		s.client("app", func(c *storage.Client) { publicClient(c); c.Metadata.CertificateBoundAccessTokens = true })
		got := s.post(oauth.PathToken, "clinic", credentialsForm)
		require.Equal(t, http.StatusBadRequest, got.status)
		require.Equal(t, "invalid_request", got.member("error"))

		// Its certificate, of any authority, binds the refresh tokens of a public client too (RFC 8705 4).
		own := signed(t, nil, now, nil)
		form := exchangeForm(s.browser().code(challenged(request("app", "openid offline_access"))))
		form.Set("client_id", "app")
		form.Set("code_verifier", verifier)
		tokens := s.sendAs(own, http.MethodPost, oauth.PathToken, form)
		require.Equal(t, http.StatusOK, tokens.status, tokens.raw)
		refresh := refreshForm(tokens.member("refresh_token"))
		refresh.Set("client_id", "app")
		for name, h := range map[string]*holder{"none": nil, "another": signed(t, nil, now, nil)} {
			got := s.sendAs(h, http.MethodPost, oauth.PathToken, refresh)
			require.Equal(t, "invalid_grant", got.member("error"), name)
		}
		require.Equal(t, http.StatusOK, s.sendAs(own, http.MethodPost, oauth.PathToken, refresh).status)
	})
}

// Anybody can write a certificate into a header; its key is another matter.
func TestAttackCertificateHeaderSpoofing(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		elsewhere := func(o *provider.Options) {
			behindAProxy(authority)(o)
			o.MutualTLS.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		}
		right := signed(t, authority, now, nil)
		s := newStack(t, engine, elsewhere)
		s.client("clinic", byCertificate)
		require.Equal(t, http.StatusUnauthorized, s.ownToken(right, "clinic").status, "by no proxy")
		require.Equal(t, http.StatusUnauthorized, s.ownToken(right, "clinic", "X-Forwarded-For", "192.0.2.1").status)

		s.start(behindAProxy(authority))
		require.Equal(t, http.StatusOK, s.ownToken(right, "clinic").status)
		encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: right.certificate.Raw})
		for name, values := range map[string][]string{
			"twice":           {inHeader(right), inHeader(right)},
			"two in one":      {inHeader(right) + ", " + inHeader(right)},
			"without colons":  {strings.Trim(inHeader(right), ":")},
			"in PEM, escaped": {url.QueryEscape(string(encoded))},
			"not base64":      {":!:"},
			"empty":           {""},
			"no certificate":  {":AAAA:"},
		} {
			var headers []string
			for _, value := range values {
				headers = append(headers, "Client-Cert", value)
			}
			require.Equal(t, http.StatusUnauthorized, s.ownToken(nil, "clinic", headers...).status, name)
		}
		require.Equal(t, http.StatusUnauthorized, s.ownToken(right, "clinic", "Client-Cert-Chain", "x").status)
	})
}

func TestAListenerThatAsksForCertificatesHasTheEndpointsOfClientsAlone(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		trusting := func(o *provider.Options) {
			behindAProxy(authority)(o)
			o.MutualTLS.Proxies = nil
		}
		s := newStack(t, engine, trusting)
		own := signed(t, authority, now, nil)
		s.client("clinic", func(c *storage.Client) { byCertificate(c); c.Metadata.CertificateBoundAccessTokens = true })
		listener := httptest.NewUnstartedServer(s.provider.MutualTLSHandler(s.provider.Handler()))
		listener.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
		listener.StartTLS()
		t.Cleanup(listener.Close)
		client := listener.Client()
		send := func(path string, headers http.Header) int {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listener.URL+path,
				strings.NewReader("grant_type=client_credentials&client_id=clinic"))
			require.NoError(t, err)
			r.Header = headers
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			response, err := client.Do(r)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			return response.StatusCode
		}
		spoofed := http.Header{"Client-Cert": {inHeader(own)}}
		require.Equal(t, http.StatusUnauthorized, send(oauth.PathToken, spoofed), "a header, and no certificate")
		client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{{
			Certificate: [][]byte{own.certificate.Raw}, PrivateKey: own.key,
		}}
		client.CloseIdleConnections()
		require.Equal(t, http.StatusOK, send(oauth.PathToken, http.Header{}))
		for _, path := range []string{"/login/sign-in", oauth.PathAuthorize, oauth.PathDiscovery, "/oauth/tokens", "/"} {
			require.Equal(t, http.StatusNotFound, send(path, http.Header{}), path)
		}
	})
}

// A load balancer that passes TLS through to the listener has the address of a proxy that is believed, but writes
// nothing into a request: whatever says so is the client's.
func TestAttackHeadersOfAProxyWhereTheTLSOfClientsEnds(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		now := storagetest.NewClock().Now()
		authority := authorityOf(t, nil, now)
		tracing, recorder := recordedTracing("127.0.0.1/32")
		s := newStack(t, engine, behindAProxy(authority), func(o *provider.Options) {
			o.TrustedProxies, o.Tracing = o.MutualTLS.Proxies, tracing
		})
		own := signed(t, authority, now, nil)
		s.client("clinic", byCertificate)
		listener := httptest.NewUnstartedServer(s.provider.MutualTLSHandler(s.provider.Handler()))
		listener.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
		listener.StartTLS()
		t.Cleanup(listener.Close)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, listener.URL+oauth.PathToken,
			strings.NewReader("grant_type=client_credentials&client_id=clinic"))
		require.NoError(t, err)
		r.Header = http.Header{
			"Client-Cert": {inHeader(own)}, "X-Forwarded-For": {"203.0.113.9"}, "Traceparent": {proxysParent},
			"Content-Type": {"application/x-www-form-urlencoded"},
		}
		response, err := listener.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusUnauthorized, response.StatusCode)
		failed, err := s.store.ListEvents(t.Context(),
			storage.EventFilter{Kind: storage.EventClientAuthenticationFailed, Limit: 10})
		require.NoError(t, err)
		require.Len(t, failed, 1)
		require.Equal(t, "127.0.0.1", failed[0].Address)
		require.Len(t, recorder.Ended(), 1)
		require.NotEqual(t, proxysTrace, recorder.Ended()[0].SpanContext().TraceID().String())
	})
}

func TestMetadataSaysWhereClientsPresentCertificates(t *testing.T) {
	authority := authorityOf(t, nil, time.Now())
	off := newStack(t, storagetest.Engines()[0]).discovered()
	require.Equal(t, false, off["tls_client_certificate_bound_access_tokens"])
	require.NotContains(t, off, "mtls_endpoint_aliases")
	require.NotContains(t, off["token_endpoint_auth_methods_supported"], "tls_client_auth")
	on := newStack(t, storagetest.Engines()[0], behindAProxy(authority)).discovered()
	require.Equal(t, true, on["tls_client_certificate_bound_access_tokens"])
	require.Equal(t, map[string]any{
		"token_endpoint":         "https://mtls.example/oauth2/token",
		"revocation_endpoint":    "https://mtls.example/oauth2/revoke",
		"introspection_endpoint": "https://mtls.example/oauth2/introspect",
		"userinfo_endpoint":      "https://mtls.example/oauth2/userinfo",

		"pushed_authorization_request_endpoint": "https://mtls.example/oauth2/par",
		"device_authorization_endpoint":         "https://mtls.example/oauth2/device_authorization",
	}, on["mtls_endpoint_aliases"])
	for _, member := range []string{"token_endpoint", "introspection_endpoint", "revocation_endpoint"} {
		require.Subset(t, on[member+"_auth_methods_supported"], []any{"tls_client_auth", "self_signed_tls_client_auth"})
	}
	own := newStack(t, storagetest.Engines()[0], behindAProxy(authority), func(o *provider.Options) {
		o.MutualTLS.Authorities = nil
	}).discovered()
	require.NotContains(t, own["token_endpoint_auth_methods_supported"], "tls_client_auth", "nobody is trusted for them")
	require.Contains(t, own["token_endpoint_auth_methods_supported"], "self_signed_tls_client_auth")
}

func TestWhatAClientRegistersOfItsCertificateIsValidated(t *testing.T) {
	certified := signed(t, nil, time.Now(), nil)
	keys := func(certificates ...*x509.Certificate) *jose.JSONWebKeySet {
		return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: certified.key.Public(), Certificates: certificates}}}
	}
	for name, c := range map[string]struct {
		change  func(*storage.Metadata)
		problem string // "": none
	}{
		"a subject": {func(m *storage.Metadata) { m.TLSClientAuthSANDNS = "clinic.example" }, ""},
		"none":      {func(*storage.Metadata) {}, "exactly one"},
		"two": {func(m *storage.Metadata) { m.TLSClientAuthSANDNS, m.TLSClientAuthSANIP = "clinic.example", "192.0.2.1" },
			"there are 2"},
		"an address that is none": {func(m *storage.Metadata) { m.TLSClientAuthSANIP = "clinic.example" }, "no IP address"},
		"a subject with a secret": {func(m *storage.Metadata) {
			m.TokenEndpointAuthMethod, m.TLSClientAuthSANDNS = storage.AuthMethodBasic, "clinic.example"
		}, "tls_client_auth_san_dns: is for"},
		"its certificate": {func(m *storage.Metadata) {
			m.TokenEndpointAuthMethod, m.JWKS = storage.AuthMethodSelfSignedTLS, keys(certified.certificate)
		}, ""},
		"a key without its certificate": {func(m *storage.Metadata) {
			m.TokenEndpointAuthMethod, m.JWKS = storage.AuthMethodSelfSignedTLS, keys()
		}, "has no certificate"},
		"no key": {func(m *storage.Metadata) { m.TokenEndpointAuthMethod = storage.AuthMethodSelfSignedTLS }, "x5c"},
		"tokens by the browser that are to be bound": {func(m *storage.Metadata) {
			m.TLSClientAuthSANDNS, m.CertificateBoundAccessTokens = "clinic.example", true
			m.GrantTypes, m.ResponseTypes = append(m.GrantTypes, "implicit"), []string{"code token"}
		}, "tls_client_certificate_bound_access_tokens: is true"},
		"the same with a key": {func(m *storage.Metadata) {
			m.TLSClientAuthSANDNS, m.DPoPBoundAccessTokens = "clinic.example", true
			m.GrantTypes, m.ResponseTypes = append(m.GrantTypes, "implicit"), []string{"code token"}
		}, "dpop_bound_access_tokens: is true"},
	} {
		connection := &storage.Connection{RedirectURIs: []string{redirectURI}}
		client := &storage.Client{ID: "clinic", Name: "Clinic", Connections: []*storage.Connection{connection}}
		client.Metadata = storage.Metadata{
			GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"},
			TokenEndpointAuthMethod: storage.AuthMethodTLS,
		}
		c.change(&client.Metadata)
		err := registration.ValidateClient(client, registration.Rules{})
		if c.problem == "" {
			require.NoError(t, err, name)
		} else {
			require.ErrorContains(t, err, c.problem, name)
		}
	}
}
