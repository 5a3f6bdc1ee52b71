package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider/outbound"
)

// ErrSignatureUnavailable says that signatures can't be checked now, or not at all. The caller answers 503.
var ErrSignatureUnavailable = errors.New("identity: the signature service is not available")

// SignedContent is what a digital signature service found in a signed message.
type SignedContent struct {
	Content    json.RawMessage
	Signatures []Signature
}

// Signature is one signer's.
type Signature struct {
	IsValid bool
	Message string // why it is not valid
	DRFO    string // the signer's tax id; "" where the certificate has none
}

// SignatureServiceError is an answer of the service that is an error of its own, which the login API passes on.
type SignatureServiceError struct {
	Status int
	Body   json.RawMessage // the error object of its envelope; nil where there is none
}

// Error is for the log.
func (e *SignatureServiceError) Error() string {
	return fmt.Sprintf("identity: the signature service answers %d", e.Status)
}

// SignatureVerifier checks a signed message, in base64.
type SignatureVerifier interface {
	Verify(ctx context.Context, content string) (*SignedContent, error)
}

// SignatureService asks over HTTP: POST {"signed_content": …, "signed_content_encoding": "base64"} answers
// {"data": {"content": {…}, "signatures": [{"is_valid": …, "validation_error_message": …, "signer": {"drfo": …}}]}}.
type SignatureService struct{ outbound.Service }

// Verify implements SignatureVerifier. Errors: *SignatureServiceError, ErrSignatureUnavailable.
func (s SignatureService) Verify(ctx context.Context, content string) (*SignedContent, error) {
	status, body, err := s.Ask(ctx, http.MethodPost, s.URL, map[string]string{
		"signed_content": content, "signed_content_encoding": "base64",
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignatureUnavailable, err)
	}
	var response struct {
		Data struct {
			Content    json.RawMessage `json:"content"`
			Signatures []struct {
				IsValid bool   `json:"is_valid"`
				Message string `json:"validation_error_message"`
				Signer  struct {
					DRFO string `json:"drfo"`
				} `json:"signer"`
			} `json:"signatures"`
		} `json:"data"`
		Error json.RawMessage `json:"error"`
	}
	malformed := json.Unmarshal(body, &response) != nil
	switch {
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError && !malformed:
		return nil, &SignatureServiceError{Status: status, Body: response.Error}
	case status != http.StatusOK || malformed:
		return nil, fmt.Errorf("%w: it answers %d", ErrSignatureUnavailable, status)
	}
	found := &SignedContent{Content: response.Data.Content}
	for _, s := range response.Data.Signatures {
		found.Signatures = append(found.Signatures, Signature{IsValid: s.IsValid, Message: s.Message, DRFO: s.Signer.DRFO})
	}
	return found, nil
}

type noSignatures struct{}

func (noSignatures) Verify(context.Context, string) (*SignedContent, error) {
	return nil, fmt.Errorf("%w: none is configured", ErrSignatureUnavailable)
}
