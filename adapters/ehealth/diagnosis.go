package ehealth

import (
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// exchangeErrors are the checks of contract 2.1.1 and 2.1.2 in their order, by the causes of a refused exchange. Behind
// them is what mithril did not check: blocks come last, so that they answer only what would have been a success.
var exchangeErrors = []struct {
	cause error
	error contractError
}{
	{provider.ErrClientNotAuthenticated, errClient},
	{provider.ErrTokenUnknown, errTokenNotFound},
	{provider.ErrForeignToken, errTokenForeign},
	{provider.ErrForeignConnection, errTokenForeign},
	{provider.ErrTokenExpired, errTokenExpired},
	{provider.ErrRedirectURI, errRedirectURI},
	{provider.ErrNotApproved, errApproval},
	{storage.ErrUsed, errTokenUsed},
	{provider.ErrVerifierMissing, errTokenForeign}, // the envelope has no member for one
	{provider.ErrNotHeld, errTokenForeign},         // nor is there a header that counts
	{provider.ErrProofMissing, errTokenForeign},
	{oauth.ErrClientBlocked, errClientBlocked},
	{provider.ErrUserBlocked, errUserBlocked},
	{provider.ErrGrantTypeNotAllowed, errGrantType},
}

// diagnose returns the error of the contract for an exchange that failed: that of the first of its checks which the
// exchange names as failed. Where it names none, the fault is ours, and no guess is made.
func diagnose(err error) contractError {
	known := oauth.AsError(err)
	switch {
	case known.Status == http.StatusTooManyRequests:
		return limited(known)
	case known.Status == http.StatusServiceUnavailable:
		return errUnavailable.because(known)
	case known.Status >= http.StatusInternalServerError:
		return errInternal.because(known)
	}
	for _, check := range exchangeErrors {
		if errors.Is(known, check.cause) {
			return check.error.because(known)
		}
	}
	return errInternal.because(fmt.Errorf("an exchange failed and no check of the contract says why: %w", known))
}
