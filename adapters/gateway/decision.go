package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"ithildin/provider"
	"ithildin/provider/clientauth"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// decision is the answer to a gateway. With status 200 the request passes.
type decision struct {
	status  int
	kind    string // the type of the error object
	message string
	cause   error // for the log alone
	rule    *Rule
	record  *RecordABAC
	// who is nil for a request that passes without a user.
	who *provider.Verification
	mis *clientauth.APIKey
	// answer has what the client is told of DPoP (RFC 9449 7.1, 8.2).
	answer http.Header
	// known is what a token stands for that was refused and yet is one of ours.
	known *provider.Verification
}

func (d decision) refuse(status int, kind, message string, cause error) decision {
	d.status, d.kind, d.message, d.cause = status, kind, message, cause
	return d
}

// cookieAuthorization holds the token of a web front end (contract section 7.4).
const cookieAuthorization = "authorization"

// decide walks through the checks of contract section 7.5: a rule, a token, its scope, the broker's scope, the record.
func (g *Gateway) decide(ctx context.Context, o original, header http.Header) decision {
	d := decision{status: http.StatusOK, rule: g.rules.Load().find(o)}
	if d.rule != nil && d.rule.Public {
		return d
	}
	apiKey := header.Get("Api-Key")
	if d.rule != nil && d.rule.MISOnly {
		return g.decideMIS(ctx, d, apiKey)
	}
	token, scheme, byCookie := tokenOf(header)
	if token == "" {
		return d.refuse(http.StatusUnauthorized, "access_denied",
			"Authorization header is not set or doesn't contain Bearer token", nil)
	}
	if byCookie && crossSite(o, header) {
		return d.refuse(http.StatusForbidden, "forbidden", "Cross-site request", nil)
	}
	var proof *dpop.Proof
	if scheme == dpop.Header {
		var err error
		d.answer = http.Header{}
		proof, err = g.Provider.Proofs().OfGateway(header, d.answer, o.method, o.target)
		if err != nil {
			return d.refuseProof(err)
		}
	}
	who, err := g.Provider.Tokens().Verify(storage.MayBeStale(ctx), token, apiKey, proof)
	d.known = who
	switch {
	case isFault(err):
		return d.refuse(http.StatusServiceUnavailable, "internal_error", "Service is temporarily unavailable. Try later", err)
	case err != nil:
		return d.refuse(http.StatusUnauthorized, "access_denied", "Invalid access token", err)
	case who.Kind == storage.KindAuthorizationCode:
		return d.refuse(http.StatusUnauthorized, "access_denied", "Invalid access token",
			errors.New("gateway: an authorization code"))
	}
	if err := g.Provider.Proofs().Use(ctx, proof); err != nil {
		return d.refuseProof(err)
	}
	d.who = who
	if d.rule == nil {
		return d.refuse(http.StatusForbidden, "forbidden", "ACL: No matching rule was found for path "+o.pathOnly(), nil)
	}
	if len(d.rule.Audiences) > 0 && len(who.Audience) > 0 && !who.IsFor(d.rule.Audiences) {
		return d.refuse(http.StatusUnauthorized, "access_denied", "Invalid access token", provider.ErrAudience)
	}
	missing := missingIn(who.Scope, d.rule.Scopes)
	if len(missing) == 0 && who.BrokerScope != "" {
		missing = missingIn(who.BrokerScope, d.rule.Scopes)
	}
	if len(missing) > 0 {
		return d.refuse(http.StatusForbidden, "forbidden",
			"Your scope does not allow to access this resource. Missing allowances: "+strings.Join(missing, ", "), nil)
	}
	return g.decideRecord(ctx, d, o)
}

// refuseProof refuses a request for its DPoP proof.
func (d decision) refuseProof(err error) decision {
	known := oauth.AsError(err)
	if known.Status >= http.StatusInternalServerError {
		return d.refuse(http.StatusServiceUnavailable, "internal_error", "Service is temporarily unavailable. Try later", err)
	}
	d.answer.Set("WWW-Authenticate", oauth.Challenge(provider.ChallengeDPoP, known))
	return d.refuse(http.StatusUnauthorized, "access_denied", "Invalid DPoP proof", err)
}

// decideMIS lets a MIS pass by its api-key alone.
func (g *Gateway) decideMIS(ctx context.Context, d decision, apiKey string) decision {
	mis, err := g.Provider.Clients().VerifyAPIKey(ctx, apiKey)
	switch {
	case errors.Is(err, clientauth.ErrAPIKeyMissing):
		return d.refuse(http.StatusUnauthorized, "access_denied", "Api key is not set", nil)
	case isFault(err):
		return d.refuse(http.StatusServiceUnavailable, "internal_error", "Service is temporarily unavailable. Try later", err)
	case err != nil:
		return d.refuse(http.StatusUnauthorized, "access_denied", "Invalid api key", err)
	}
	d.mis = mis
	return d
}

// decideRecord asks the ABAC service where the rule says so.
func (g *Gateway) decideRecord(ctx context.Context, d decision, o original) decision {
	if d.rule.ABAC == nil {
		return d
	}
	record, ok := d.rule.record(o.path)
	if !ok {
		return d.refuse(http.StatusUnauthorized, "access_denied", "Abac rule was not found", nil)
	}
	d.record = &record
	if g.ABAC == nil {
		return d.refuse(http.StatusForbidden, "forbidden", "Access denied",
			errors.New("gateway: no ABAC service is configured"))
	}
	began := time.Now()
	allowed, err := g.ABAC.allows(ctx, d.who, record)
	g.Provider.CountOutboundCall(provider.PurposeABAC, began, err)
	if !allowed {
		return d.refuse(http.StatusForbidden, "forbidden", "Access denied", err)
	}
	return d
}

// refusals are what Verify and VerifyAPIKey say no with; any other error is a fault, on which nobody passes.
var refusals = []error{
	provider.ErrTokenUnknown, provider.ErrTokenExpired, provider.ErrNotHeld, provider.ErrAudience,
	oauth.ErrUnknownClient, oauth.ErrClientBlocked, provider.ErrUnknownUser, provider.ErrUserBlocked,
	provider.ErrAccessType, clientauth.ErrAPIKeyMissing, clientauth.ErrAPIKeyInvalid, clientauth.ErrBrokerSettings,
}

func isFault(err error) bool {
	return err != nil && !slices.ContainsFunc(refusals, func(known error) bool { return errors.Is(err, known) })
}

// tokenOf is the token of a request: the cookie's, where there is one, else that of the Authorization header, with its
// scheme; "" where there is none.
func tokenOf(header http.Header) (token, scheme string, byCookie bool) {
	request := &http.Request{Header: header}
	if cookie, err := request.Cookie(cookieAuthorization); err == nil && cookie.Value != "" {
		return cookie.Value, "", true
	}
	scheme, token, _ = oauth.TokenOf(request)
	return token, scheme, false
}

// crossSite says that another site's page caused a request that changes something. A browser sends the cookie along
// with it, unless SameSite keeps it back, which older ones do not know.
func crossSite(o original, header http.Header) bool {
	if o.method == http.MethodGet || o.method == http.MethodHead || o.method == http.MethodOptions {
		return false
	}
	if site := header.Get("Sec-Fetch-Site"); site != "" {
		return site != "same-origin" && site != "none"
	}
	origin := header.Get("Origin")
	return origin != "" && origin != o.scheme+"://"+o.host
}

func missingIn(scope string, required []string) (missing []string) {
	has := strings.Fields(scope)
	for _, name := range required {
		if !slices.Contains(has, name) {
			missing = append(missing, name)
		}
	}
	return missing
}
