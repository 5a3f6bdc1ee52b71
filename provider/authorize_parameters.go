package provider

import (
	"context"
	"net/http"

	"github.com/ory/fosite"

	"ithildin/provider/dpop"
	"ithildin/provider/oauth"
)

// readParameters settles what fosite does not settle, or not as OIDC Core has it, and then runs fosite on the rest.
func (e *authorizeEndpoint) readParameters(ctx context.Context, r *http.Request, a *authorization) (err error) {
	form := a.form
	switch {
	case a.client.IsBlocked:
		return oauth.NewError(http.StatusForbidden, oauth.CodeUnauthorizedClient,
			"The client is blocked.").Because(oauth.ErrClientBlocked)
	case a.client.Policy.RequireState && form.Get("state") == "":
		return oauth.InvalidRequest("The client must send a state.")
	}
	if err := e.checkResponse(a); err != nil {
		return err
	}
	if err := checkChallenge(a); err != nil {
		return err
	}
	if key := form.Get(parameterDPoPKey); key != "" && !dpop.IsThumbprint(key) {
		return oauth.InvalidRequest("The dpop_jkt is no SHA-256 thumbprint of a key: want 43 characters of base64url.")
	}
	if a.claims, err = readClaims(form.Get("claims")); err != nil {
		return err
	}
	if a.context, err = e.readContext(form.Get("acr_values"), a.claims, a.client); err != nil {
		return err
	}
	if a.prompt, err = e.readPrompt(form.Get("prompt"), form.Get("max_age"), form.Get("id_token_hint")); err != nil {
		return err
	}
	if err := a.prompt.expect(a.claims); err != nil {
		return err
	}
	if age := a.client.Metadata.DefaultMaxAge; a.prompt.maxAge < 0 && age != nil {
		a.prompt.maxAge = *age
	}
	clone := r.Clone(ctx)
	clone.Method = http.MethodGet
	clone.Form = formForFosite(a)
	request, err := e.oauth2.NewAuthorizeRequest(ctx, clone)
	if err != nil && !isMissingState(err) {
		return fromFosite(err)
	}
	a.request = request
	if err := e.resolveTarget(ctx, a, request.GetRequestedAudience()); err != nil {
		return err
	}
	return e.resolveDetails(ctx, a)
}

// formForFosite is the form without what was settled here: fosite would read it once more, and differently. It gets the
// redirect URI that was matched.
func formForFosite(a *authorization) map[string][]string {
	form := make(map[string][]string, len(a.form))
	for name, values := range a.form {
		form[name] = values
	}
	for _, name := range []string{"prompt", "max_age", "id_token_hint", "response_mode"} {
		delete(form, name)
	}
	form["redirect_uri"] = []string{a.client.RedirectURI}
	return form
}

// isMissingState: fosite's last check; whether state is required is the client's policy.
func isMissingState(err error) bool {
	rfc := fosite.ErrorToRFC6749Error(err)
	return rfc != nil && rfc.ErrorField == fosite.ErrInvalidState.ErrorField
}

// checkChallenge refuses before the sign-in what fosite would refuse after it (RFC 7636 4.4.1).
func checkChallenge(a *authorization) error {
	challenge, method := a.form.Get("code_challenge"), a.form.Get("code_challenge_method")
	switch {
	case challenge == "" && oauth.HasResponse(a.responseType,
		"code") && (a.client.Policy.RequirePKCE || a.client.IsPublic()):
		return oauth.InvalidRequest("This client must send a code_challenge (RFC 7636).")
	case challenge == "" && method != "":
		return oauth.InvalidRequest("The code_challenge_method comes without a code_challenge.")
	case challenge != "" && method != "S256":
		return oauth.InvalidRequest("The code_challenge_method must be S256.")
	case challenge != "" && len(challenge) != 43:
		return oauth.InvalidRequest("The code_challenge is not one of S256: want 43 characters of base64url.")
	}
	return nil
}
