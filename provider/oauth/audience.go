package oauth

import "encoding/json"

// Audience is a string where it is one, and a list otherwise (RFC 7519 4.1.3).
type Audience []string

// MarshalJSON implements json.Marshaler.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = Audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}
