package ehealth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
)

// Adapter serves the legacy interface of a Provider.
type Adapter struct {
	answers
	provider *provider.Provider
	options  Options
}

// Options are what an operator decides about the legacy interface.
type Options struct {
	// TwoFactorOff gives users that the admin API makes no second factor, unless the request asks for one
	// (USER_2FA_ENABLED).
	TwoFactorOff bool
	// SecretsHashed keeps only hashes of the secrets of connections, so that the admin API shows each once, when it is
	// made.
	SecretsHashed bool
	// RegistrationSecret verifies the JWTs by which the patients' cabinet registers people (JWT_SECRET); nil: it is off.
	RegistrationSecret []byte
	// Verifications proves phones for it (OTP_ENDPOINT); nil: POST /api/verifications is off.
	Verifications identity.PhoneVerifier
}

// New makes the adapter and makes its frontend known to the Provider, before the first request.
func New(p *provider.Provider, o Options) *Adapter {
	p.AddFrontend(frontend())
	return &Adapter{answers: answers{issuer: p.Issuer()}, provider: p, options: o}
}

// Mount adds the public routes of the legacy interface. Below its paths a wrong method and an unknown path are the
// same, an envelope that says not_found (contract section 2.0).
func (a *Adapter) Mount(r chi.Router) {
	for _, path := range signInPaths {
		inbound.Route(r, path, a.provider.Page(a.signIn), http.MethodGet, http.MethodHead)
	}
	a.mountOldPages(r)
	a.mountInvitations(r)
	a.mountPublic(r)
	for _, prefix := range []string{"/oauth/", "/api/", "/auth/"} {
		r.HandleFunc(prefix+"*", a.notFound)
	}
}

// mountPublic adds the endpoints of Mount.
func (a *Adapter) mountPublic(r chi.Router) {
	login := a.loginAPI()
	registration := &cabinetRegistration{
		answers: a.answers, secret: a.options.RegistrationSecret, now: a.provider.Store().Now,
		identity: a.provider.Identity(), verifications: a.options.Verifications,
		countCall: a.provider.CountOutboundCall,
	}
	a.mount(r, []route{
		{"POST", "/oauth/tokens", a.tokens},
		{"POST", "/api/oauth/tokens", a.tokens},
		{"POST", "/oauth/apps/authorize", a.authorize},
		{"POST, PUT", "/auth/login", login.login}, // PUT as it is published
		{"POST", "/auth/logout", login.logout},
		{"POST, GET", "/oauth/nonce", login.nonce}, // GET as it is published
		{"GET", "/oauth/user", a.user},
		{"GET", "/oauth/users/{id}", a.ownUser},
		{"GET", "/api/oauth/users/{id}", a.ownUser},
		{"POST", "/api/send_otp", registration.sendCode},
		{"POST", "/api/verifications", registration.startVerification},
		{"POST", "/oauth/users/actions/update_password", login.updatePassword},
		{"POST", "/oauth/users/actions/init_factor", login.initFactor},
		{"POST", "/oauth/users/actions/approve_factor", login.approveFactor},
	})
}

func (a *Adapter) loginAPI() *loginAPI {
	return &loginAPI{answers: a.answers, provider: a.provider, identity: a.provider.Identity(), exchange: a.exchange}
}

// MountAdmin adds what only the admin listener serves (contract sections 2.6 and 2.7), and the routes that a gateway of
// the operator's own stands in front of: there, and on the mithril listener, x-consumer-id says who the user is.
func (a *Adapter) MountAdmin(open, guarded chi.Router) {
	a.mount(open, a.verificationRoutes())
	a.mount(guarded, a.consumerRoutes())
	a.mountAdministration(guarded)
}

// MountAll adds every route of mithril, whose one listener had all of them and authenticated nobody. The routes for
// consumers come last, in the place of the public ones, so that x-consumer-id is accepted here. The pages are at the
// issuer alone, so that /sign-in sends the browser there. The admin API is guarded, against web pages.
func (a *Adapter) MountAll(open, guarded chi.Router) {
	for _, path := range signInPaths {
		inbound.Route(open, path, http.HandlerFunc(a.signInAtIssuer), http.MethodGet, http.MethodHead)
	}
	a.mountOldPages(open)
	a.mountInvitations(open)
	a.mount(open, a.verificationRoutes())
	a.mountPublic(open)
	a.mount(open, a.consumerRoutes())
	a.mountAdministration(guarded)
}

// consumerRoutes trust the header x-consumer-id.
func (a *Adapter) consumerRoutes() []route {
	return []route{{"POST", "/oauth/apps/authorize", a.authorizeForConsumer}}
}

// verificationRoutes are open: who holds a token or an api-key may ask what it stands for.
func (a *Adapter) verificationRoutes() []route {
	return []route{
		{"GET", "/admin/tokens/{token}/verify", a.verify},
		{"GET", "/admin/tokens/{token}/user", a.verifiedUser},
		{"GET", "/admin/api_key/{key}/verify", a.verifyAPIKey},
	}
}

// mountAdministration adds the admin API, and the answer to a request for which there is no route.
func (a *Adapter) mountAdministration(r chi.Router) {
	administration := r.With(acting)
	a.mount(administration, a.clientRoutes())
	a.mount(administration, a.userRoutes())
	r.HandleFunc("/*", a.notFound)
}

// endpoint answers a request, or returns an error that becomes the answer.
type endpoint func(http.ResponseWriter, *http.Request) error

// route is a row of the tables by which endpoints are mounted.
type route struct {
	methods  string // separated by a comma and a blank; HEAD is answered wherever GET is
	path     string // also with a slash at its end, as clients send it (contract section 2.0)
	endpoint endpoint
}

func (a answers) mount(r chi.Router, routes []route) {
	for _, row := range routes {
		methods := strings.Split(row.methods, ", ")
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
		for _, path := range []string{row.path, row.path + "/"} {
			inbound.Route(r, path, a.handle(row.endpoint), methods...)
		}
	}
}

func (a answers) notFound(w http.ResponseWriter, r *http.Request) {
	a.writeError(w, r, errNotFound)
}
