package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/outbound"
)

// CaptchaError says that the answer to a captcha is not right, with the codes that the verifier gave.
type CaptchaError struct{ Codes []string }

// Error is for the log.
func (e *CaptchaError) Error() string {
	return "identity: captcha refused: " + strings.Join(e.Codes, ", ")
}

// CaptchaVerifier checks what a person's browser got for a captcha. The error is a *CaptchaError, or a fault.
type CaptchaVerifier interface {
	Verify(ctx context.Context, response, address string) error
}

// ReCAPTCHA asks Google's siteverify, or a service with the same interface; its Token is the site's secret.
type ReCAPTCHA struct{ outbound.Service }

// ReCAPTCHAURL is Google's.
const ReCAPTCHAURL = "https://www.google.com/recaptcha/api/siteverify"

// Verify implements CaptchaVerifier.
func (c ReCAPTCHA) Verify(ctx context.Context, response, address string) error {
	form := url.Values{"secret": {c.Token}, "response": {response}}
	if address != "" {
		form.Set("remoteip", address)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("identity: captcha: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, content, err := outbound.Service{}.Send(r)
	if err != nil {
		return err
	}
	var reply struct {
		Success bool     `json:"success"`
		Codes   []string `json:"error-codes"`
	}
	if err := json.Unmarshal(content, &reply); err != nil || status != http.StatusOK {
		return fmt.Errorf("identity: the captcha service answers %d, not in its own form", status)
	}
	if !reply.Success {
		return &CaptchaError{Codes: reply.Codes}
	}
	return nil
}
