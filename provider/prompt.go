package provider

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/ory/fosite"
)

// prompt is what a request says of the pages it wants or does not want (OIDC Core 3.1.2.1).
type prompt struct {
	none, login, consent, selectAccount bool
	maxAge                              int64 // seconds; -1 when none was sent
	hintSubject                         string
}

// readParameters settles what fosite does not settle, or not as OIDC Core has it, and then runs fosite on the rest.
func (p *Provider) readParameters(ctx context.Context, r *http.Request, a *authorization) (err error) {
	form := a.form
	a.request = redirectable(a) // from here on an error can be sent to the client
	switch {
	case a.client.IsBlocked:
		return newError(http.StatusForbidden, CodeUnauthorizedClient, "The client is blocked.").Because(ErrClientBlocked)
	case a.client.Policy.RequireState && form.Get("state") == "":
		return invalidRequest("The client must send a state.")
	}
	if err := p.checkResponse(a); err != nil {
		return err
	}
	if err := checkChallenge(a); err != nil {
		return err
	}
	if a.claims, err = readClaims(form.Get("claims")); err != nil {
		return err
	}
	if a.context, err = readContext(form.Get("acr_values"), a.claims, a.client); err != nil {
		return err
	}
	if a.prompt, err = p.readPrompt(form.Get("prompt"), form.Get("max_age"), form.Get("id_token_hint")); err != nil {
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
	clone.Form = settled(a)
	request, err := p.oauth2.NewAuthorizeRequest(ctx, clone)
	if err != nil && !isMissingState(err) {
		return err
	}
	a.request = request
	return nil
}

// settled is the form without what was settled here: fosite would read it once more, and differently. It gets the redirect
// URI that was matched.
func settled(a *authorization) map[string][]string {
	form := make(map[string][]string, len(a.form))
	for name, values := range a.form {
		form[name] = values
	}
	for _, name := range []string{"prompt", "max_age", "id_token_hint"} {
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
	case challenge == "" && hasResponse(a.responseType, "code") && (a.client.Policy.RequirePKCE || a.client.IsPublic()):
		return invalidRequest("This client must send a code_challenge (RFC 7636).")
	case challenge == "" && method != "":
		return invalidRequest("The code_challenge_method comes without a code_challenge.")
	case challenge != "" && method != "S256":
		return invalidRequest("The code_challenge_method must be S256.")
	case challenge != "" && len(challenge) != 43:
		return invalidRequest("The code_challenge is not one of S256: want 43 characters of base64url.")
	}
	return nil
}

func (p *Provider) readPrompt(values, maxAge, hint string) (prompt, error) {
	asked := prompt{maxAge: -1}
	fields := strings.Fields(values)
	for _, value := range fields {
		switch value {
		case "none":
			asked.none = true
		case "login":
			asked.login = true
		case "consent":
			asked.consent = true
		case "select_account":
			asked.selectAccount = true
		default:
			return asked, invalidRequest("The prompt has an unknown value.")
		}
	}
	if asked.none && len(fields) > 1 {
		return asked, invalidRequest("The prompt none stands alone.")
	}
	if maxAge != "" {
		seconds, err := strconv.ParseInt(maxAge, 10, 64)
		if err != nil || seconds < 0 || seconds > 1<<31 {
			return asked, invalidRequest("The max_age is not a number of seconds.")
		}
		asked.maxAge = seconds
	}
	if hint != "" {
		claims, err := p.readHint(hint)
		if err != nil {
			return asked, err
		}
		asked.hintSubject = claims.Subject
	}
	return asked, nil
}

// expect adds the sub that the claims parameter names to what the id_token_hint says (OIDC Core 5.5.1).
func (p *prompt) expect(claims claimsRequest) error {
	subject, err := claims.subject()
	if err != nil || subject == "" {
		return err
	}
	if p.hintSubject != "" && p.hintSubject != subject {
		return invalidRequest("The id_token_hint and the claims parameter name different users.")
	}
	p.hintSubject = subject
	return nil
}

// signInNeeded compares the session with what the request asks of it. A sign-in since the request came satisfies
// prompt=login, select_account and any max_age, zero too.
func (p *Provider) signInNeeded(a *authorization) (bool, error) {
	fresh := a.login != nil && a.login.Session.AuthTime >= a.at
	stale := a.login != nil && a.prompt.maxAge >= 0 && !fresh &&
		p.now().UnixMicro()-a.login.Session.AuthTime > a.prompt.maxAge*1e6
	other := a.login != nil && a.prompt.hintSubject != "" && a.prompt.hintSubject != p.subject(a.client, a.login.User.ID)
	weak := a.login != nil && !a.demand.MetBy(a.login.Session)
	needed := a.login == nil || stale || other || weak || (a.prompt.login || a.prompt.selectAccount || a.prompt.maxAge == 0) && !fresh
	if !needed {
		return false, nil
	}
	if a.prompt.none {
		return false, newError(http.StatusBadRequest, CodeLoginRequired, "The user has to sign in.")
	}
	if other && fresh { // signed in just now, and as somebody else: asking again would go round for ever
		return false, newError(http.StatusBadRequest, CodeLoginRequired, "Another user signed in than the request names.")
	}
	return true, nil
}
