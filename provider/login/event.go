package login

import (
	"net/http"

	"ithildin/storage"
)

// The kinds of events: the first three are kept in the audit, all are counted.
const (
	eventSignIn        = "sign_in"
	eventSignInFailed  = "sign_in_failed"
	eventSignOut       = "sign_out"
	eventSignInLimited = "sign_in_limited"
	eventUserBlocked   = "user_blocked"
	eventFactorChanged = "factor_changed"
	eventPasswordSet   = "password_set"

	eventError = "error"

	eventApprovalDeleted = "approval_deleted"
)

// record counts an event and writes it to the audit, with what is known of every request. What a person typed is not
// part of it: a name that is no account is, often enough, a password in the wrong field.
func (s *Service) record(r *http.Request, e storage.Event) error {
	s.count(e.Kind)
	e.RequestID, e.Address = s.requestID(r), s.clientAddress(r)
	return s.store.RecordEvents(r.Context(), []storage.Event{e})
}
