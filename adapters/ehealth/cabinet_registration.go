package ehealth

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"ithildin/provider"
	"ithildin/provider/identity"
)

// cabinetRegistration helps the patients' cabinet to prove a phone while somebody registers (contract section 2.8). The
// caller holds a JWT that ehealth.api has signed with the secret.
type cabinetRegistration struct {
	answers
	secret        []byte // nil: it is off
	now           func() time.Time
	identity      *identity.Service
	verifications identity.PhoneVerifier // nil: /api/verifications is off
	countCall     func(purpose string, began time.Time, err error)
}

const (
	audienceRegistration = "cabinet-registration"
	typeRegistration     = "access"
	// maximumRegistrationToken bounds the JWT in bytes.
	maximumRegistrationToken = 4096
)

var (
	errRegistrationToken    = unauthorized("access_denied", "")
	errRegistrationExpired  = unauthorized("jwt_expired", "JWT expired")
	errRegistrationAudience = unauthorized("jwt_aud_invalid", "JWT is not permitted for this action")
)

// sendCode is POST /api/send_otp: a one-time code to the phone that somebody registers.
func (a *cabinetRegistration) sendCode(w http.ResponseWriter, r *http.Request) error {
	email, number, err := a.registrant(w, r)
	if err != nil {
		return err
	}
	if err := a.identity.SendOneTimeCode(r.Context(), email+"==="+number, email, number); err != nil {
		return oneTimeCodeError(err)
	}
	return a.respond(w, r, http.StatusOK, map[string]string{"result": "OTP sent"})
}

// startVerification is POST /api/verifications: the same by the verification service, which keeps the code itself.
func (a *cabinetRegistration) startVerification(w http.ResponseWriter, r *http.Request) error {
	if a.verifications == nil {
		return errNotFound
	}
	_, number, err := a.registrant(w, r)
	if err != nil {
		return err
	}
	began := time.Now()
	err = a.verifications.StartVerification(r.Context(), number)
	a.countCall(provider.PurposeVerification, began, err)
	var limited *identity.VerificationLimitError
	switch {
	case errors.As(err, &limited):
		return contractError{
			status: http.StatusTooManyRequests, body: errorObject{Type: limited.Type, Message: limited.Message}, cause: err,
		}
	case err != nil:
		return errSMS.because(err)
	}
	return a.respond(w, r, http.StatusOK, map[string]string{"result": "OTP sent"})
}

// registrant reads who registers with which phone: the email of the JWT and the number of the body.
func (a *cabinetRegistration) registrant(w http.ResponseWriter, r *http.Request) (email, number string, err error) {
	if a.secret == nil {
		return "", "", errNotFound
	}
	if email, err = a.email(r); err != nil {
		return "", "", err
	}
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return "", "", failed
	}
	c := newCheck(fields)
	_, number = c.phone()
	if failed := c.failed(); failed != nil {
		return "", "", failed
	}
	return email, number, nil
}

// email checks the JWT of the request and returns the email in it.
func (a *cabinetRegistration) email(r *http.Request) (string, error) {
	value, given := bearerToken(r)
	if !given || len(value) > maximumRegistrationToken {
		return "", errRegistrationToken
	}
	token, err := jwt.ParseSigned(value, []jose.SignatureAlgorithm{jose.HS512})
	if err != nil {
		return "", errRegistrationToken.because(err)
	}
	var claims jwt.Claims
	var more struct {
		Type  string `json:"typ"`
		Email string `json:"email"`
	}
	if err := token.Claims(a.secret, &claims, &more); err != nil {
		return "", errRegistrationToken.because(err)
	}
	err = claims.ValidateWithLeeway(jwt.Expected{Time: a.now()}, 0)
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return "", errRegistrationExpired.because(err)
	case err != nil:
		return "", errRegistrationToken.because(err)
	case claims.Expiry == nil, more.Type != typeRegistration:
		return "", errRegistrationToken
	case !claims.Audience.Contains(audienceRegistration):
		return "", errRegistrationAudience
	case more.Email == "" || len(more.Email) > longestEmail:
		return "", errRegistrationToken
	}
	return strings.ToLower(more.Email), nil
}

// longestEmail bounds an address in bytes (RFC 5321 4.5.3.1.3).
const longestEmail = 254
