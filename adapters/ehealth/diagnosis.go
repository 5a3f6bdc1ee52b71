package ehealth

import (
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// tokenErrors are the checks of contract 2.1.1 and 2.1.2 in their order, by the causes of a refused exchange. Behind
// them is what mithril did not check: blocks come last, so that they answer only what would have been a success.
var tokenErrors = []struct {
	cause error
	error contractError
}{
	{provider.ErrClientNotAuthenticated, failureClient},
	{provider.ErrTokenUnknown, failureTokenNotFound},
	{provider.ErrForeignToken, failureTokenForeign},
	{provider.ErrForeignConnection, failureTokenForeign},
	{provider.ErrTokenExpired, failureTokenExpired},
	{provider.ErrRedirectURI, failureRedirectURI},
	{provider.ErrNotApproved, failureApproval},
	{storage.ErrUsed, failureTokenUsed},
	{provider.ErrVerifierMissing, failureTokenForeign}, // the envelope has no member for one
	{oauth.ErrClientBlocked, failureClientBlocked},
	{provider.ErrUserBlocked, failureUserBlocked},
	{provider.ErrGrantTypeNotAllowed, failureGrantType},
}

// explain returns the error of the contract for an exchange that failed: that of the first of its checks which the
// exchange names as failed. Where it names none, the fault is ours, and no guess is made.
func explain(err error) contractError {
	known := oauth.AsError(err)
	switch {
	case known.Status == http.StatusTooManyRequests:
		return limited(known)
	case known.Status == http.StatusServiceUnavailable:
		return failureUnavailable.because(known)
	case known.Status >= http.StatusInternalServerError:
		return failureInternal.because(known)
	}
	for _, check := range tokenErrors {
		if errors.Is(known, check.cause) {
			return check.error.because(known)
		}
	}
	return failureInternal.because(fmt.Errorf("an exchange failed and no check of the contract says why: %w", known))
}
