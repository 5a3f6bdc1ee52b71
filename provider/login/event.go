package login

import (
	"net/http"
	"time"

	"ithildin/storage"
)

// The kinds of events: the first three are kept in the audit, all are counted.
const (
	eventSignIn        = "sign_in"
	eventSignInFailed  = "sign_in_failed"
	eventSignOut       = "sign_out"
	eventSignInLimited = "sign_in_limited"
	eventError         = "error"
)

// eventLifetime is how long the audit keeps who signed in: long enough to look into what is found late.
const eventLifetime = 365 * 24 * time.Hour

// record counts an event and writes it to the audit, with what is known of every request. What a person typed is not
// part of it: a name that is no account is, often enough, a password in the wrong field.
func (s *Service) record(r *http.Request, e storage.Event) error {
	s.count(e.Kind)
	now := s.now()
	e.ID, e.CreatedAt, e.ExpiresAt = s.store.NewID(), now.Unix(), now.Add(eventLifetime).Unix()
	e.RequestID, e.Address = s.requestID(r), s.clientAddress(r)
	return s.store.RecordEvents(r.Context(), []storage.Event{e})
}
