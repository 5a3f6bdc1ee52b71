package provider

import (
	"net/http"
	"strconv"
	"strings"

	"ithildin/provider/oauth"
)

// prompt is what a request says of the pages it wants or does not want (OIDC Core 3.1.2.1).
type prompt struct {
	none, login, consent, selectAccount bool
	maxAge                              int64 // seconds; -1 when none was sent
	hintSubject                         string
}

func (e *authorizeEndpoint) readPrompt(values, maxAge, hint string) (prompt, error) {
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
			return asked, oauth.InvalidRequest("The prompt has an unknown value.")
		}
	}
	if asked.none && len(fields) > 1 {
		return asked, oauth.InvalidRequest("The prompt none stands alone.")
	}
	if maxAge != "" {
		seconds, err := strconv.ParseInt(maxAge, 10, 64)
		if err != nil || seconds < 0 || seconds > 1<<31 {
			return asked, oauth.InvalidRequest("The max_age is not a number of seconds.")
		}
		asked.maxAge = seconds
	}
	if hint != "" {
		claims, err := e.hints.read(hint)
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
		return oauth.InvalidRequest("The id_token_hint and the claims parameter name different users.")
	}
	p.hintSubject = subject
	return nil
}

// signInNeeded compares the session with what the request asks of it. A sign-in since the request came satisfies
// prompt=login, select_account and any max_age, zero too.
func (e *authorizeEndpoint) signInNeeded(a *authorization) (bool, error) {
	fresh := a.login != nil && !a.login.Session.AuthTime.Before(a.at)
	stale := a.login != nil && a.prompt.maxAge >= 0 && !fresh &&
		e.now().Sub(a.login.Session.AuthTime).Seconds() > float64(a.prompt.maxAge)
	other := a.login != nil && a.prompt.hintSubject != "" &&
		a.prompt.hintSubject != e.identifiers.subject(a.client, a.login.User.ID)
	// Who has approved nothing for the client is not told apart from others: it could find out by prompt=none who is here.
	stranger := a.login != nil && a.prompt.none && a.prompt.hintSubject != "" && a.login.ApprovalID == ""
	weak := a.login != nil && !a.demand.SatisfiedBy(a.login.Session)
	anew := a.login == nil || stale || other || stranger ||
		(a.prompt.login || a.prompt.selectAccount || a.prompt.maxAge == 0) && !fresh
	a.onlyWeak = weak && !anew
	if !anew && !weak {
		return false, nil
	}
	if a.prompt.none {
		return false, oauth.NewError(http.StatusBadRequest, oauth.CodeLoginRequired, "The user has to sign in.")
	}
	if other && fresh { // signed in just now, and as somebody else: asking again would go round for ever
		return false, oauth.NewError(http.StatusBadRequest, oauth.CodeLoginRequired,
			"Another user signed in than the request names.")
	}
	return true, nil
}
