package login

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/identity"
)

// libraryMediaType is that of what the library of IIT sends to a proxy, and of what it expects: base64.
const libraryMediaType = "x-user/base64-data"

// libraryQuestions are the kinds of questions by the last word of the path at which authorities take them, since the
// library does not say which it asks.
var libraryQuestions = map[string]string{
	"ocsp": "application/ocsp-request", "tsp": "application/timestamp-query", "cmp": "application/pkixcmp",
}

// authorityQuestion is what the signature page asks an authority.
type authorityQuestion struct {
	address, mediaType string
	body               []byte
	byLibrary          bool
}

func isOfLibrary(r *http.Request) bool {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && mediaType == libraryMediaType
}

// decodeLibraryQuestion reads a question in the form of the library: the address may lack its scheme, which is then
// http. Errors: identity.ErrAuthorityQuestion.
func decodeLibraryQuestion(address string, body []byte) (q authorityQuestion, err error) {
	q.byLibrary = true
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	q.address = address
	u, err := url.Parse(address)
	if err != nil {
		return q, identity.ErrAuthorityService
	}
	for word := range strings.SplitSeq(strings.ToLower(u.Path), "/") {
		if mediaType := libraryQuestions[word]; mediaType != "" {
			q.mediaType = mediaType
		}
	}
	if q.body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
		return q, identity.ErrAuthorityQuestion
	}
	return q, nil
}
