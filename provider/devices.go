package provider

import (
	"cmp"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
)

// devices is the device authorization grant (RFC 8628): the endpoint at which devices begin, the pages on which people
// answer, and what the token endpoint tells a device that polls.
type devices struct {
	authorization *deviceAuthorizationEndpoint
	confirmation  *deviceConfirmation
	polls         *devicePolls
}

// DeviceOptions are about devices for which people sign in elsewhere (RFC 8628).
type DeviceOptions struct {
	// CodeLifetime is how long people have to answer the request of a device; default DefaultDeviceCodeLifetime.
	CodeLifetime time.Duration
	// PublicRate is how many devices of public clients may begin from a network in an hour; default
	// DefaultPublicDeviceRate.
	PublicRate int64
}

// These are DeviceOptions where none are set.
const (
	DefaultDeviceCodeLifetime = 10 * time.Minute
	DefaultPublicDeviceRate   = 600
)

func newDevices(p *Provider, o DeviceOptions) devices {
	count := func(outcome string) { p.metrics.devices.WithLabelValues(outcome).Inc() }
	return devices{
		authorization: &deviceAuthorizationEndpoint{
			authorizeEndpoint: p.authorization, clients: p.clients, cors: p.cors, proofs: p.proofs, random: p.random,
			userCodes: p.userCodes, lifetime: cmp.Or(o.CodeLifetime, DefaultDeviceCodeLifetime), countOutcome: count,
			limit: newPublicLimit(p.limits, "device_authorization", cmp.Or(o.PublicRate, DefaultPublicDeviceRate), p.now),
		},
		confirmation: &deviceConfirmation{
			authorizeEndpoint: p.authorization, userCodes: p.userCodes, countOutcome: count,
			typed: identity.DeviceCodes{Service: p.identity},
		},
		polls: newDevicePolls(p.store),
	}
}

// mount adds the pages. page adds an endpoint that a browser opens; a form is behind the protection of package login.
func (d devices) mount(
	router chi.Router, pages *login.Service, page func(path string, e oauth.Endpoint, methods ...string),
) {
	guarded := func(path string, e oauth.Endpoint) {
		router.Method(http.MethodPost, path, pages.Protect(errorPages{pages}.serve(e)))
	}
	page(login.PathDevice, d.confirmation.codePage, http.MethodGet, http.MethodHead)
	guarded(login.PathDevice, d.confirmation.submitCode)
	page(login.PathDeviceConfirmation, d.confirmation.page, http.MethodGet)
	guarded(login.PathDeviceConfirmation, d.confirmation.submit)
	page(login.PathDeviceQR, d.confirmation.picture, http.MethodGet, http.MethodHead)
}
