package ehealth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

const (
	// cabinetType is the type of the patients' cabinet, which only people in the registry may enter.
	cabinetType         = "CABINET"
	scopeChangePassword = "user:change_password"
)

// passwordLogin is what a sign-in by a password sends.
type passwordLogin struct {
	grantType string
	email     string
	password  string
	scope     string
	captcha   string
	client    *storage.Client
}

// loginByPassword is the grants password and change_password (contract section 2.3). An unknown mail is answered like a
// wrong password; what is true of an account is told after the right one only.
func (a *loginAPI) loginByPassword(
	w http.ResponseWriter, r *http.Request, grantType string, fields map[string]json.RawMessage,
) error {
	c := newCheck(fields)
	l := passwordLogin{
		grantType: grantType,
		email:     c.stringOf("email"),
		password:  c.stringOf("password"),
		scope:     c.stringOf("scope"),
	}
	clientID := c.stringOf("client_id")
	l.captcha = c.optionalText("token")
	if failed := c.failed(); failed != nil {
		return failed
	}
	clientID, isUUID := parseUUID(clientID)
	if !isUUID {
		return errMalformed
	}
	var err error
	if l.client, err = a.loginClient(r, clientID, grantPassword); err != nil {
		return err
	}
	user, err := a.checkPassword(r, l)
	if err != nil {
		return err
	}
	return a.afterPassword(w, r, l, user)
}

// checkPassword says who signs in, or the first check that fails.
func (a *loginAPI) checkPassword(r *http.Request, l passwordLogin) (*storage.User, error) {
	user, err := a.identity.CheckPassword(r, identity.PasswordAttempt{
		ClientID: l.client.ID, Username: l.email, Password: l.password,
	})
	switch {
	case errors.Is(err, identity.ErrWrongPassword):
		return nil, errWrongPassword.because(err)
	case errors.Is(err, identity.ErrSignInLimited):
		return nil, errLoginLimit.because(err)
	case errors.Is(err, identity.ErrUserBlocked):
		return nil, errUserBlocked.because(err)
	case err != nil:
		return nil, err
	case l.client.TypeName == cabinetType && user.TaxID == "":
		return nil, errNotRegistered
	case l.grantType == grantPassword && a.identity.PasswordExpired(user):
		return nil, unauthorized("password_expired", "The password expired for user: "+user.ID)
	case !scopeOfType(l.client, l.scope):
		return nil, errScopeOutsideType
	case l.grantType == grantChangePassword && l.scope != scopeChangePassword:
		return nil, errChangeScope
	}
	return user, a.checkCaptcha(r, l.captcha)
}

func (a *loginAPI) checkCaptcha(r *http.Request, response string) error {
	if response == "" {
		return nil
	}
	err := a.identity.VerifyCaptcha(r.Context(), identity.CaptchaAnswer{
		Response: response, Address: inbound.ClientAddress(r),
	})
	var rejected *identity.CaptchaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &rejected) && len(rejected.Codes) > 0:
		return forbidden("forbidden", "Invalid CAPTCHA token. Errors: "+strings.Join(rejected.Codes, ", ")).because(err)
	case errors.As(err, &rejected):
		return forbidden("forbidden", "Invalid CAPTCHA token").because(err)
	}
	return errCaptchaService.because(err)
}

// afterPassword issues what the user's second factor calls for.
func (a *loginAPI) afterPassword(w http.ResponseWriter, r *http.Request, l passwordLogin, user *storage.User) error {
	t := provider.SessionToken{
		ID: a.provider.Store().NewID(), Kind: storage.KindAccessToken, Client: l.client, UserID: user.ID, Scope: l.scope,
		GrantType: l.grantType, AMR: identity.ByPassword.AMR, ACR: identity.ByPassword.ACR,
		PasswordSetAt: user.PasswordSetAt,
	}
	if l.grantType == grantChangePassword {
		t.Kind = storage.KindChangePasswordToken
	}
	// How strong the sign-in has to be, the scope says; it is checked with each token.
	next, err := a.identity.NextStep(r.Context(), user, identity.RequiredAuthentication{}, identity.ByPassword)
	if err != nil {
		return err
	}
	half := t
	half.Kind, half.Scope, half.ScopeRequest = storage.KindTwoFactor, "", l.scope
	switch next.Step {
	case identity.StepPhone:
		return a.answerSession(w, r, half, nextRequestFactor)
	case identity.StepSecondFactor:
		if next.Phone == "" {
			return errFactorElsewhere
		}
		return a.issueAndSend(w, r, half, next.Phone)
	}
	// A password that is too old was refused already, unless this is the sign-in to change it.
	if err := a.provider.SessionTokens().Check(r.Context(), t); err != nil {
		return sessionError(err)
	}
	if err := a.identity.RecordSignIn(r, identity.SignIn{
		ClientID: l.client.ID, UserID: user.ID, Proof: identity.ByPassword,
	}); err != nil {
		return err
	}
	return a.answerSession(w, r, t, nextRequestApps)
}

// issueAndSend issues the token of a sign-in that waits for a code, and then sends that. So the sessions before end
// even where the code does not go out, as in the old system.
func (a *loginAPI) issueAndSend(w http.ResponseWriter, r *http.Request, t provider.SessionToken, phone string) error {
	issued, err := a.provider.SessionTokens().Issue(r.Context(), t)
	if err != nil {
		return sessionError(err)
	}
	if err := a.identity.SendOneTimeCode(r.Context(), issued.UserID, issued.ID, phone); err != nil {
		return oneTimeCodeError(err)
	}
	return a.answerUrgent(w, r, http.StatusCreated, newSessionToken(issued),
		map[string]string{"next_step": nextRequestOTP})
}

// sendAndAnswer sends a code under the id of the token that is about to be issued, and issues it only then: when the
// code does not go out, what the person had before stays good.
func (a *loginAPI) sendAndAnswer(
	w http.ResponseWriter, r *http.Request, t provider.SessionToken, phone, next string,
) error {
	if err := a.provider.SessionTokens().Check(r.Context(), t); err != nil {
		return sessionError(err)
	}
	if err := a.identity.SendOneTimeCode(r.Context(), t.UserID, t.ID, phone); err != nil {
		return oneTimeCodeError(err)
	}
	return a.answerSession(w, r, t, next)
}
