package identity

import (
	"context"
	"net/http"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// EventSignInLimited is a sign-in that was refused since too many had failed. It is counted, and not kept in the audit.
const EventSignInLimited = "sign_in_limited"

// Record counts an event and writes it to the audit, with what is known of every request. What a person typed is not
// part of it: a name that is no account is, often enough, a password in the wrong field.
func (s *Service) Record(r *http.Request, e storage.Event) error {
	s.count(e.Kind)
	inbound.RecordOf(r.Context()).About(e.ClientID, e.UserID)
	e.RequestID, e.Address = s.requestID(r), s.clientAddress(r)
	return s.store.RecordEvents(r.Context(), []storage.Event{e})
}

// ActingAsOwner returns the context of a change that a user makes to their own account, "" for whoever is about to have
// one: the Store keeps it in the audit.
func (s *Service) ActingAsOwner(r *http.Request, userID string) context.Context {
	return storage.ActingAs(r.Context(), storage.Actor{
		By: storage.ByUser, UserID: userID, RequestID: s.requestID(r), Address: s.clientAddress(r),
	})
}
