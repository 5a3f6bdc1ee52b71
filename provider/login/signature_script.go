package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// signatureScript signs in the browser. It is bundled from the folder signing: `make signature-script`.
var signatureScript = mustRead("pages/signature.js")

// signatureScriptIntegrity is what the page demands of the script (W3C Subresource Integrity).
var signatureScriptIntegrity = func() string {
	hash := sha256.Sum256(signatureScript)
	return "sha256-" + base64.StdEncoding.EncodeToString(hash[:])
}()

// showSignatureScript serves the script. Browsers keep it, and ask whether it is still the same.
func (s *signInPages) showSignatureScript(w http.ResponseWriter, r *http.Request) error {
	s.writeHeaders(w, contentPolicy{})
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+signatureScriptIntegrity+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(signatureScript))
	return nil
}
