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

// CaptchaAnswer is what a person's browser got for a captcha.
type CaptchaAnswer struct {
	Response string
	Address  string // of the person; "" where it is not known
	// Action is the form that the captcha was on; "" where the caller does not say. With an action the answer must be of
	// that form and, where the service gives scores, of somebody who is more likely a person than not.
	Action string
}

// CaptchaVerifier checks what a person's browser got for a captcha. The error is a *CaptchaError, or a fault.
type CaptchaVerifier interface {
	Verify(ctx context.Context, a CaptchaAnswer) error
}

// lowestScore is the threshold that reCAPTCHA version 3 advises: 1.0 is a person, 0.0 a program.
const lowestScore = 0.5

// ReCAPTCHA asks Google's siteverify, or a service with the same interface; its Token is the site's secret.
type ReCAPTCHA struct{ outbound.Service }

// ReCAPTCHAURL is Google's.
const ReCAPTCHAURL = "https://www.google.com/recaptcha/api/siteverify"

// Verify implements CaptchaVerifier.
func (c ReCAPTCHA) Verify(ctx context.Context, a CaptchaAnswer) error {
	form := url.Values{"secret": {c.Token}, "response": {a.Response}}
	if a.Address != "" {
		form.Set("remoteip", a.Address)
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
		Action  string   `json:"action"`
		Score   *float64 `json:"score"`
	}
	if err := json.Unmarshal(content, &reply); err != nil || status != http.StatusOK {
		return fmt.Errorf("identity: the captcha service answers %d, not in its own form", status)
	}
	switch {
	case !reply.Success:
		return &CaptchaError{Codes: reply.Codes}
	case a.Action == "":
		return nil
	case reply.Action != "" && reply.Action != a.Action:
		return &CaptchaError{Codes: []string{"another-action"}}
	case reply.Score != nil && *reply.Score < lowestScore:
		return &CaptchaError{Codes: []string{"low-score"}}
	}
	return nil
}
