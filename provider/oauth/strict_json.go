package oauth

import (
	"errors"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// DecodeStrictJSON reads a payload by a parser that tells capital letters from small ones and refuses a member given
// twice: what two readers understand differently is read by nobody.
func DecodeStrictJSON(payload []byte, claims any) error {
	if !utf8.Valid(payload) {
		return errors.New("the payload is not valid UTF-8")
	}
	return json.Unmarshal(payload, claims)
}
