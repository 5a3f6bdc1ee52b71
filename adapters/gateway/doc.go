// Package gateway answers a gateway that stands in front of an API: may this request pass, and on whose behalf? It speaks to
// nginx (auth_request), Traefik (ForwardAuth), Envoy (ext_authz over HTTP) and whatever asks in the same way, by the
// contract of the gateway that the eHealth API had (contract section 7.5).
package gateway
