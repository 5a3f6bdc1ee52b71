package provider

import (
	"context"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// What adapters ask of the part that knows people: by which means somebody proves who they are, and under which limits.
// The pages use the same.

// Components are the services and rules by which people prove who they are.
type Components = identity.Components

// SignedContent is what a digital signature service found in a signed message.
type SignedContent = identity.SignedContent

type (
	// HTTPService is where a service is that the operator configured, and the token for it.
	HTTPService = identity.HTTPService
	// HTTPSMS sends text messages through a service.
	HTTPSMS = identity.HTTPSMS
	// ReCAPTCHA asks a captcha service.
	ReCAPTCHA = identity.ReCAPTCHA
	// SignatureService asks a service for digital signatures.
	SignatureService = identity.SignatureService
	// PersonService asks the registry of persons.
	PersonService = identity.PersonService
)

type (
	// CaptchaError says what the captcha service found wrong.
	CaptchaError = identity.CaptchaError
	// SignatureServiceError is an answer of the signature service that is an error.
	SignatureServiceError = identity.SignatureServiceError
)

// Why somebody did not prove who they are, or may not have another password.
var (
	ErrUserBlocked          = identity.ErrUserBlocked
	ErrWrongPassword        = identity.ErrWrongPassword
	ErrSignInLimited        = identity.ErrSignInLimited
	ErrPasswordShort        = identity.ErrPasswordShort
	ErrPasswordComplexity   = identity.ErrPasswordComplexity
	ErrPasswordUsed         = identity.ErrPasswordUsed
	ErrOneTimeCodeLimited   = identity.ErrOneTimeCodeLimited
	ErrOneTimeCodeInvalid   = identity.ErrOneTimeCodeInvalid
	ErrOneTimeCodeExpired   = identity.ErrOneTimeCodeExpired
	ErrOneTimeCodeAttempts  = identity.ErrOneTimeCodeAttempts
	ErrMessageNotSent       = identity.ErrMessageNotSent
	ErrSignatureUnavailable = identity.ErrSignatureUnavailable
	ErrPersonUnknown        = identity.ErrPersonUnknown
)

// CheckPassword is identity.Service.CheckPassword.
func (p *Provider) CheckPassword(r *http.Request, clientID, email, password string) (*storage.User, error) {
	return p.identity.CheckPassword(r, identity.PasswordAttempt{ClientID: clientID, Username: email, Password: password})
}

// RecordSignIn is identity.Service.RecordSignIn.
func (p *Provider) RecordSignIn(r *http.Request, clientID, userID string, amr []string) error {
	return p.identity.RecordSignIn(r, identity.SignIn{ClientID: clientID, UserID: userID, AMR: amr})
}

// PasswordExpired is identity.Service.PasswordExpired.
func (p *Provider) PasswordExpired(u *storage.User) bool { return p.identity.PasswordExpired(u) }

// ChangePassword is identity.Service.ChangePassword under the rule of the legacy API.
func (p *Provider) ChangePassword(ctx context.Context, userID, password string) error {
	return p.identity.ChangePassword(ctx, userID, password, identity.CheckLegacyPassword)
}

// ChangePasswordByToken is identity.Service.ChangePasswordByToken under the rule of the legacy API.
func (p *Provider) ChangePasswordByToken(ctx context.Context, t *storage.AccessToken, password string) error {
	return p.identity.ChangePasswordByToken(ctx, t, password, identity.CheckLegacyPassword)
}

// ReplaceFactor is identity.Service.ReplaceFactor.
func (p *Provider) ReplaceFactor(ctx context.Context, f storage.AuthenticationFactor, before string) error {
	return p.identity.ReplaceFactor(ctx, f, before)
}

// HashNewPassword is identity.Service.HashNewPassword under the rule of the legacy API.
func (p *Provider) HashNewPassword(ctx context.Context, userID, password string) (string, error) {
	return p.identity.HashNewPassword(ctx, userID, password, identity.CheckLegacyPassword)
}

// HashPassword makes the hash of a password that a new user gets, under the rule of the legacy API.
func (p *Provider) HashPassword(ctx context.Context, password string) (string, error) {
	if err := identity.CheckLegacyPassword(password); err != nil {
		return "", err
	}
	return p.passwords.Hash(ctx, password)
}

// SendOneTimeCode is identity.Service.SendOneTimeCode.
func (p *Provider) SendOneTimeCode(ctx context.Context, userID, id, phone string) error {
	return p.identity.SendOneTimeCode(ctx, userID, id, phone)
}

// VerifyOneTimeCode is identity.Service.VerifyOneTimeCode.
func (p *Provider) VerifyOneTimeCode(ctx context.Context, userID, id, phone, code string) error {
	return p.identity.VerifyOneTimeCode(ctx, userID, id, phone, code)
}

// VerifyCaptcha checks the answer to a captcha where the operator has configured a verifier. Errors: *CaptchaError, or
// a fault.
func (p *Provider) VerifyCaptcha(ctx context.Context, response, address string) error {
	if p.components.Captcha == nil {
		return nil
	}
	return p.components.Captcha.Verify(ctx, response, address)
}

// VerifySignedContent asks the signature service about a signed message in base64. Errors: *SignatureServiceError,
// ErrSignatureUnavailable.
func (p *Provider) VerifySignedContent(ctx context.Context, content string) (*SignedContent, error) {
	if p.components.Signatures == nil {
		return nil, ErrSignatureUnavailable
	}
	return p.components.Signatures.Verify(ctx, content)
}

// PersonHasTaxID is identity.Service.PersonHasTaxID.
func (p *Provider) PersonHasTaxID(ctx context.Context, personID, taxID string) (bool, error) {
	return p.identity.PersonHasTaxID(ctx, personID, taxID)
}
