package admin

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"ithildin/provider"
	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// Guard knows who reaches the admin listener without an access token of the provider.
type Guard interface {
	// Admits returns whether a request bears a static token of the listener, or none where the listener asks for none,
	// and the name of its operator.
	Admits(r *http.Request) (name string, admitted bool)
	// RefusesHost returns why the Host of a request is refused, "" where it is not.
	RefusesHost(r *http.Request) string
	// CountFailure counts a request with a wrong token. It returns how long its sender has to wait, 0 for not at all.
	CountFailure(r *http.Request) time.Duration
}

// authenticate lets operators in, with their rights.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := a.guard.RefusesHost(r); why != "" {
			newProblem(http.StatusForbidden, why).write(w, r)
			return
		}
		if name, admitted := a.guard.Admits(r); admitted {
			a.serveAs(operator.Operator{Name: name, Rights: operator.Rights()}, next, w, r)
			return
		}
		who, err := a.operatorOf(w, r)
		switch {
		case errors.Is(err, provider.ErrInactive):
			a.refuse(w, r, err)
		case err != nil:
			a.fail(w, r, err)
		default:
			a.serveAs(who, next, w, r)
		}
	})
}

func (a *API) serveAs(who operator.Operator, next http.Handler, w http.ResponseWriter, r *http.Request) {
	next.ServeHTTP(w, r.WithContext(who.With(r.Context(), storage.ByAdminAPI)))
}

// requireKey holds whoever presents a token to the key that it is bound to. Errors: provider.ErrInactive, joined with
// the reason.
func (a *API) requireKey(
	w http.ResponseWriter, r *http.Request, scheme, token string, bound *storage.Confirmation,
) (err error) {
	var proof *dpop.Proof
	if scheme == dpop.Header {
		if a.origin == "" {
			return errors.Join(provider.ErrInactive, errors.New("a proof about an address that is not known"))
		}
		proof, err = a.provider.Proofs().Verify(r.Header, w.Header(), r.Method, a.origin+r.URL.EscapedPath())
		if err == nil && proof == nil {
			err = errors.Join(provider.ErrInactive, errors.New("the scheme DPoP without a proof"))
		}
	}
	if err == nil {
		err = a.provider.Proofs().Require(r.Context(), bound, token, proof)
	}
	if err == nil {
		err = a.provider.Proofs().Use(r.Context(), proof)
	}
	var refused *oauth.Error
	if errors.Is(err, provider.ErrNotHeld) || errors.As(err, &refused) && refused.Status == http.StatusBadRequest {
		err = errors.Join(provider.ErrInactive, err)
	}
	return err
}

// operatorOf is the operator of an access token. provider.ErrInactive: there is none, or none that is good here.
func (a *API) operatorOf(w http.ResponseWriter, r *http.Request) (operator.Operator, error) {
	ctx := r.Context()
	scheme, token, _ := oauth.TokenOf(r)
	info, err := a.provider.Tokens().Inspect(ctx, token)
	switch {
	case err != nil:
		return operator.Operator{}, err
	case info.Kind != storage.KindAccessToken:
		return operator.Operator{}, errors.Join(provider.ErrInactive, errors.New("not an access token"))
	case len(info.Audience) > 0 && !slices.Contains(info.Audience, a.provider.Issuer()):
		return operator.Operator{}, errors.Join(provider.ErrInactive, errors.New("for another resource"))
	}
	if err := a.requireKey(w, r, scheme, token, info.Confirmation); err != nil {
		return operator.Operator{}, err
	}
	scope := storage.SplitScope(info.Scope)
	if info.UserID == "" {
		return a.clientAsOperator(r, info.ClientID, scope)
	}
	who, err := operator.OfUser(ctx, a.store, info.UserID, info.ClientID, scope)
	if errors.Is(err, storage.ErrNotFound) {
		err = errors.Join(provider.ErrInactive, err)
	}
	return who, err
}

// clientAsOperator is a client that acts for itself (RFC 6749 section 4.4), with the rights in its token that it may
// still ask for.
func (a *API) clientAsOperator(r *http.Request, clientID string, scope []string) (operator.Operator, error) {
	client, err := a.store.Client(r.Context(), clientID)
	if err != nil {
		return operator.Operator{}, err
	}
	allowed := operator.RightsOf(client.AllowedScope())
	rights := slices.DeleteFunc(operator.RightsOf(scope), func(right operator.Right) bool {
		return !slices.Contains(allowed, right)
	})
	return operator.Operator{ClientID: clientID, Name: "client " + clientID, Rights: rights}, nil
}

const challenge = `Bearer realm="ithildin admin"`

// refuse answers a request that nobody is known by.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, cause error) {
	problem := newProblem(http.StatusUnauthorized,
		"An access token of this provider with an admin scope, or a static admin token, is needed as a Bearer token.")
	problem.cause = cause
	w.Header().Set("WWW-Authenticate", challenge)
	var refused *oauth.Error
	if errors.As(cause, &refused) && refused.Code == oauth.CodeUseDPoPNonce {
		// RFC 9449 section 9: the proof is to be made again with the nonce of the answer, which is nobody's guess.
		w.Header().Set("WWW-Authenticate", provider.ChallengeDPoP+`, error="`+refused.Code+`"`)
		problem.Detail = "The DPoP proof needs the nonce of this answer's header DPoP-Nonce."
		problem.write(w, r)
		return
	}
	if r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		problem.Detail = "The token is unknown, has expired, was revoked, is for another resource, " +
			"or its user or client is blocked."
		if wait := a.guard.CountFailure(r); wait > 0 {
			problem = newProblem(http.StatusTooManyRequests, "There were too many wrong tokens from this address.")
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		}
	}
	problem.write(w, r)
}

// fail answers a request whose token could not be looked up.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var problem *Problem
	if errors.As(asProblem(err), &problem) {
		if problem.Status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		problem.write(w, r)
	}
}
