package provider_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/provider/oauth"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// The benchmarks call the handler of the public listener without a network, in parallel, on both engines.

func benchmark(b *testing.B, change func(*storage.Client), run func(b *testing.B, s *stack, handler http.Handler)) {
	for _, engine := range storagetest.Engines() {
		b.Run(engine.Name, func(b *testing.B) {
			s := newStack(b, engine)
			s.client("clinic", change)
			b.ReportAllocs()
			b.SetParallelism(4) // connections for each core: a commit waits for the disk, not for a core
			run(b, s, s.server.Config.Handler)
		})
	}
}

// call sends a form as the client and wants 200.
func call(b *testing.B, handler http.Handler, path string, form url.Values) string {
	// As a server's request is: what may be cancelled is watched by database/sql, in a goroutine of each query.
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("clinic", secret+"clinic")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	body, _ := io.ReadAll(w.Body)
	if w.Code != http.StatusOK {
		b.Errorf("%s: %d %s", path, w.Code, body)
	}
	return string(body)
}

func BenchmarkCodeExchange(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		b.Run(algorithm, func(b *testing.B) {
			benchmark(b, func(c *storage.Client) {
				c.Metadata.IDTokenSignedResponseAlg = algorithm
				c.Policy.CodeLifetime = time.Hour
			}, benchmarkCodeExchange)
		})
	}
}

func benchmarkCodeExchange(b *testing.B, s *stack, handler http.Handler) {
	s.browser().code(request("clinic", "openid offline_access")) // the approval
	codes := make(chan string, b.N)
	for range b.N {
		value := uuid.NewString() + uuid.NewString()
		require.NoError(b, s.store.CreateCode(b.Context(), storage.Code{
			ID: storage.Hash(value), CodeID: uuid.NewString(), GrantID: uuid.NewString(), ClientID: "clinic", UserID: s.userID,
			RedirectURI: redirectURI, Scope: "openid offline_access",
			Session:   &storage.Session{UserID: s.userID, Subject: s.userID, RedirectURIGiven: true},
			CreatedAt: s.store.Now(), ExpiresAt: s.store.Now().Add(time.Hour),
		}))
		codes <- value
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			call(b, handler, oauth.PathToken, url.Values{
				"grant_type": {"authorization_code"}, "code": {<-codes}, "redirect_uri": {redirectURI},
			})
		}
	})
}

func BenchmarkRefresh(b *testing.B) {
	for name, preset := range map[string]string{"rotate": storage.PresetStandard, "reuse": storage.PresetEHealth} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, func(c *storage.Client) { c.Policy, _ = storage.NewPolicy(preset) },
				func(b *testing.B, s *stack, handler http.Handler) {
					tokens := make(chan string, 4*runtime.GOMAXPROCS(0)) // one for each goroutine of RunParallel
					for range cap(tokens) {
						tokens <- s.redeem("clinic", s.browser().code(request("clinic",
							"patients:view offline_access"))).member("refresh_token")
					}
					b.ResetTimer()
					b.RunParallel(func(pb *testing.PB) {
						token := <-tokens
						for pb.Next() {
							body := call(b, handler, oauth.PathToken, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
							_, rest, _ := strings.Cut(body, `"refresh_token":"`)
							token, _, _ = strings.Cut(rest, `"`)
						}
					})
				})
		})
	}
}

func BenchmarkClientCredentials(b *testing.B) {
	benchmark(b, nil, func(b *testing.B, _ *stack, handler http.Handler) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call(b, handler, oauth.PathToken, url.Values{"grant_type": {"client_credentials"}})
			}
		})
	})
}

func BenchmarkIntrospection(b *testing.B) {
	for name, preset := range map[string]string{"jwt": storage.PresetStandard, "opaque": storage.PresetEHealth} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, func(c *storage.Client) { c.Policy, _ = storage.NewPolicy(preset) },
				func(b *testing.B, s *stack, handler http.Handler) {
					token := s.redeem("clinic", s.browser().code(request("clinic", "patients:view"))).member("access_token")
					b.ResetTimer()
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							call(b, handler, oauth.PathIntrospect, url.Values{"token": {token}})
						}
					})
				})
		})
	}
}

func BenchmarkJWKS(b *testing.B) {
	benchmark(b, nil, func(b *testing.B, _ *stack, handler http.Handler) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, oauth.PathJWKS, nil))
			}
		})
	})
}
