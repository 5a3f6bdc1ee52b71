package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"ithildin/jwks"
	"ithildin/provider"
	"ithildin/provider/mail"
	"ithildin/storage"
)

// The paths of the API and, below it, of its description.
const (
	Prefix          = "/api/v1"
	descriptionPath = "/openapi.json"
)

// Options are what the API takes from outside.
type Options struct {
	Provider *provider.Provider
	Keys     *jwks.Set
	Guard    Guard
	// Mail sends letters of invitation; nil: there are none.
	Mail *mail.Service
	// LegacySecretsHashed keeps only hashes of the secrets of legacy clients, as the legacy admin API does with its
	// option SecretsHashed.
	LegacySecretsHashed bool
	// Checks are those of readiness by name, each "ok" or what is wrong.
	Checks func() map[string]string
	// Settings are those that the process runs with, secrets masked.
	Settings []Setting
	// Version is that of the program.
	Version string
	// URL is the admin listener as operators reach it, which DPoP proofs are about; nil: tokens that are bound to keys are
	// refused.
	URL *url.URL
}

// API serves the admin API.
type API struct {
	provider *provider.Provider
	store    *storage.Store
	keys     *jwks.Set
	guard    Guard
	mail     *mail.Service
	// legacySecretsHashed and what follows is that of Options.
	legacySecretsHashed bool
	checks              func() map[string]string
	settings            []Setting
	version             string
	origin              string   // that of Options.URL, "" for none
	huma                huma.API // set while the routes are mounted
}

// New makes the API.
func New(o Options) *API {
	origin := ""
	if o.URL != nil {
		origin = strings.TrimSuffix(o.URL.String(), "/")
	}
	return &API{
		origin: origin, provider: o.Provider, store: o.Provider.Store(), keys: o.Keys, guard: o.Guard, mail: o.Mail,
		legacySecretsHashed: o.LegacySecretsHashed, checks: o.Checks, settings: o.Settings, version: o.Version,
	}
}

// MountAdmin adds the API to the admin listener. It is mounted on the open router, because it admits more than the
// guard of the others does; each of its paths but that of the description asks for a token.
func (a *API) MountAdmin(open, _ chi.Router) { open.Route(Prefix, a.mount) }

func (a *API) mount(r chi.Router) {
	guarded := r.With(noStore, a.authenticate)
	a.huma = humachi.New(guarded, a.config())
	a.huma.UseMiddleware(a.authorize, a.refuseUnknownParameters)
	users{a}.register()
	clients{a}.register()
	a.registerRoles()
	a.registerScopes()
	resources{a}.register()
	detailTypes{a}.register()
	issued{a}.register()
	sessions{a}.register()
	a.registerAudit()
	a.registerKeys()
	a.registerInitialAccessTokens()
	a.registerQueues()
	a.registerServer()
	description := a.describe()
	r.Get(descriptionPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(description) // a client that has left needs no answer
	})
	guarded.HandleFunc("/*", a.unknownRoute(r))
}

func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// config has JSON alone, and none of the pages and schema links that the library would add.
func (a *API) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "ithildin admin API", Version: "1",
				Description: "Administration of an ithildin OpenID provider. See docs/admin-api.md.",
				License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: Prefix}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{securityScheme: {
					Type: "http", Scheme: "bearer",
					Description: "An access token of the provider with the scope that the operation names, as far as the " +
						"roles of its user still have it; or a static admin token, which has every scope.",
				}},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{a.completeProblem},
	}
}

// jsonFormat reads and writes JSON (RFC 8259).
var jsonFormat = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
	Unmarshal: json.Unmarshal,
}

// describe is the description as a document.
func (a *API) describe() []byte {
	encoded, err := json.Marshal(a.huma.OpenAPI())
	if err == nil {
		var indented bytes.Buffer
		if err = json.Indent(&indented, encoded, "", "  "); err == nil {
			indented.WriteByte('\n')
			return indented.Bytes()
		}
	}
	panic("admin: description: " + err.Error()) // it is made of the types of this package alone
}
