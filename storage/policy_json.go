package storage

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// policyDocument is a Policy with its lifetimes as its JSON has them.
type policyDocument struct {
	*policyMembers
	RefreshGrace    lifetime `json:"refresh_grace"`
	RefreshRetry    lifetime `json:"refresh_retry"`
	CodeLifetime    lifetime `json:"code_lifetime"`
	AccessLifetime  lifetime `json:"access_lifetime"`
	RefreshLifetime lifetime `json:"refresh_lifetime"`
}

// policyMembers is a Policy without its methods.
type policyMembers Policy

func (p *Policy) document() policyDocument {
	return policyDocument{
		policyMembers: (*policyMembers)(p), RefreshGrace: lifetime(p.RefreshGrace), RefreshRetry: lifetime(p.RefreshRetry),
		CodeLifetime: lifetime(p.CodeLifetime), AccessLifetime: lifetime(p.AccessLifetime),
		RefreshLifetime: lifetime(p.RefreshLifetime),
	}
}

// MarshalJSON implements json.Marshaler.
func (p Policy) MarshalJSON() ([]byte, error) { return json.Marshal(p.document()) }

// UnmarshalJSON implements json.Unmarshaler. A member that is not there stays as it was.
func (p *Policy) UnmarshalJSON(text []byte) error {
	d := p.document()
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	p.RefreshGrace, p.RefreshRetry = time.Duration(d.RefreshGrace), time.Duration(d.RefreshRetry)
	p.CodeLifetime, p.AccessLifetime = time.Duration(d.CodeLifetime), time.Duration(d.AccessLifetime)
	p.RefreshLifetime = time.Duration(d.RefreshLifetime)
	return nil
}

// lifetime is a duration whose JSON is a number of seconds.
type lifetime time.Duration

// MarshalJSON implements json.Marshaler.
func (l lifetime) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(time.Duration(l)/time.Second), 10), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *lifetime) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var number int32
	if err := json.Unmarshal(text, &number); err != nil {
		return fmt.Errorf("a lifetime is %s: want a number of seconds up to %d", text, math.MaxInt32)
	}
	*l = lifetime(time.Duration(number) * time.Second)
	return nil
}
