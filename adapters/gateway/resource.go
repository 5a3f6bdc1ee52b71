package gateway

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"ithildin/provider"
	"ithildin/provider/oauth"
)

// serveResource publishes the metadata of the API that the host of the request is of, so that clients find out by
// themselves where they get tokens for it (RFC 9728). What is published is configured: of the request counts only which
// of the origins is meant.
func (g *Gateway) serveResource(w http.ResponseWriter, r *http.Request) {
	origin := g.originOf(cmp.Or(r.Header.Get("X-Forwarded-Host"), r.Host))
	if origins := g.Provider.Proofs().Origins(); origin == "" && len(origins) == 1 {
		origin = origins[0]
	}
	if origin == "" {
		oauth.EncodeError(w, r, oauth.NewError(http.StatusNotFound, oauth.CodeInvalidRequest,
			"The host of the request is none of the origins of APIs that are configured."))
		return
	}
	g.Provider.Tokens().ProtectedResource(origin, g.rules.Load().scopes()).Write(w)
}

// originOf is the configured origin with that host, "" where there is none.
func (g *Gateway) originOf(host string) string {
	origins := g.Provider.Proofs().Origins()
	i := slices.IndexFunc(origins, func(origin string) bool {
		_, known, _ := strings.Cut(origin, "://")
		return strings.EqualFold(known, host)
	})
	if i < 0 {
		return ""
	}
	return origins[i]
}

// challenge says where a client that was refused finds out how to get a token (RFC 9728 5.1): "" where its request
// needs none, or is for no API whose origin is configured.
func (g *Gateway) challenge(o original, d decision) string {
	origin := g.originOf(o.host)
	if d.status != http.StatusUnauthorized || origin == "" || d.rule != nil && d.rule.MISOnly {
		return ""
	}
	challenge := oauth.ChallengeBearer + provider.ResourceMetadataParameter(origin)
	if d.cause == nil { // there was no token
		return challenge
	}
	return oauth.Challenge(challenge, oauth.NewError(d.status, oauth.CodeInvalidToken, d.message))
}
