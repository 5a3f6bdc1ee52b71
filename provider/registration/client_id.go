package registration

import (
	"fmt"

	"ithildin/storage"
)

// ValidateClientID holds a client_id that an operator chose to a length and to characters that need no escaping.
func ValidateClientID(id string) error {
	if id == "" || len(id) > storage.MaximumClientID || !isUnreserved(id) {
		return fmt.Errorf("client_id %.60q: want 1 to %d letters, digits and -._~", id, storage.MaximumClientID)
	}
	return nil
}

// isUnreserved accepts the unreserved characters of RFC 3986, which mean the same in every place a client_id goes.
func isUnreserved(value string) bool {
	for _, c := range value {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}
