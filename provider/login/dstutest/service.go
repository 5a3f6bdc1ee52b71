package dstutest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// Service answers as the signature service of an operator does (docs/configuration.md). It trusts this authority alone.
func (a *Authority) Service(now func() time.Time) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question struct {
			Signed   string `json:"signed_content"`
			Encoding string `json:"signed_content_encoding"`
		}
		cms := []byte(nil)
		err := json.NewDecoder(r.Body).Decode(&question)
		if err == nil {
			cms, err = base64.StdEncoding.DecodeString(question.Signed)
		}
		if err != nil || question.Encoding != "base64" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		content, taxID, err := a.Verify(cms, now())
		signature := map[string]any{"is_valid": err == nil, "signer": map[string]string{"drfo": taxID}}
		if err != nil {
			signature["validation_error_message"], content = err.Error(), []byte("null")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
			"content": json.RawMessage(content), "signatures": []any{signature},
		}})
	})
}
