package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"ithildin/provider/outbound"
)

// PhoneVerifier lets another service send a code to a phone, which that service verifies later.
type PhoneVerifier interface {
	// StartVerification sends a code to a number, +380 and nine digits. Errors: *VerificationLimitError, or a fault.
	StartVerification(ctx context.Context, phone string) error
}

// VerificationLimitError says that the service has sent a number too many codes, in its own words.
type VerificationLimitError struct{ Type, Message string }

// Error implements error.
func (e *VerificationLimitError) Error() string {
	return "identity: the verification service limits: " + e.Type
}

// HTTPVerifications asks a service: POST {URL}/verifications with {"phone_number": …}.
type HTTPVerifications struct{ outbound.Service }

// maximumLimitWords bounds what is passed on of a service's words, in bytes.
const maximumLimitWords = 200

// StartVerification implements PhoneVerifier.
func (s HTTPVerifications) StartVerification(ctx context.Context, phone string) error {
	status, content, err := s.Ask(ctx, http.MethodPost, strings.TrimSuffix(s.URL, "/")+"/verifications",
		map[string]string{"phone_number": phone})
	switch {
	case err != nil:
		return err
	case status < http.StatusMultipleChoices:
		return nil
	case status != http.StatusTooManyRequests:
		return fmt.Errorf("identity: the verification service answers %d", status)
	}
	var response struct {
		Error struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(content, &response) != nil || response.Error.Type == "" ||
		len(response.Error.Type)+len(response.Error.Message) > maximumLimitWords {
		return errors.New("identity: the verification service answers 429 without words")
	}
	return &VerificationLimitError{Type: response.Error.Type, Message: response.Error.Message}
}
