package provider

import (
	"errors"

	"ithildin/provider/oauth"
	"ithildin/provider/redirect"
)

// redirectError gives what package redirect refuses its public words; parameter is the one that should have named the
// URI.
func redirectError(parameter string, err error) *oauth.Error {
	var mismatch *redirect.Mismatch
	if errors.As(err, &mismatch) {
		return oauth.InvalidRequest(mismatch.Describe(parameter)).Because(err)
	}
	return oauth.InvalidRequest("The request names no " + parameter + ".").Because(err)
}
