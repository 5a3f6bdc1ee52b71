package login

import (
	"net/http"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// The kinds of events: the first three are kept in the audit, all are counted.
const (
	eventSignIn        = storage.EventSignIn
	eventSignInFailed  = storage.EventSignInFailed
	eventSignOut       = storage.EventSignOut
	eventSignInLimited = "sign_in_limited"
	eventUserBlocked   = storage.EventUserBlocked
	eventFactorChanged = storage.EventFactorChanged
	eventPasswordSet   = storage.EventPasswordSet

	eventError = "error"
)

// record counts an event and writes it to the audit, with what is known of every request. What a person typed is not
// part of it: a name that is no account is, often enough, a password in the wrong field.
func (s *Service) record(r *http.Request, e storage.Event) error {
	s.count(e.Kind)
	inbound.RecordOf(r.Context()).About(e.ClientID, e.UserID)
	e.RequestID, e.Address = s.requestID(r), s.clientAddress(r)
	return s.store.RecordEvents(r.Context(), []storage.Event{e})
}
