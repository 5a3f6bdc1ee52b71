package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// script is a file that pages load from this server.
type script struct {
	content   []byte
	integrity string // what pages demand of it (W3C Subresource Integrity)
}

func newScript(name string) script { return scriptOf(mustRead(name)) }

func scriptOf(content []byte) script {
	hash := sha256.Sum256(content)
	return script{content: content, integrity: "sha256-" + base64.StdEncoding.EncodeToString(hash[:])}
}

// showScript makes the handler of a script. Browsers keep it, and ask whether it is still the same.
func (l *layout) showScript(of script) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		l.writeFile(w, r, "text/javascript; charset=utf-8", of.integrity, of.content)
		return nil
	}
}

// writeFile answers with what pages of this server alone may load. The tag differs where the content does.
func (l *layout) writeFile(w http.ResponseWriter, r *http.Request, mediaType, tag string, content []byte) {
	l.writeHeaders(w, contentPolicy{})
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", mediaType)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
