package identity

import (
	"context"
	"net/http"
	"time"

	"ithildin/provider/inbound"
)

// How many looks at invitations that are not there, and answers that are refused, are taken by one link within the
// window; Limits say how many from a network. What is right is not counted.
const (
	invitationFailuresOfLink = 5
	invitationWindow         = time.Hour
)

// InvitationLimited says whether too much was wrong lately, from the network of a request or by the link with a code.
func (s *Service) InvitationLimited(r *http.Request, code string) (bool, error) {
	subjects, err := s.invitationSubjects(r, code)
	if err != nil {
		return false, err
	}
	counts, err := s.store.CountSignInFailures(r.Context(), subjects, s.now().Add(-invitationWindow))
	if err != nil {
		return false, err
	}
	return counts[0] >= s.Limits().InvitationFailures || counts[1] >= invitationFailuresOfLink, nil
}

// CountInvitationFailure counts an invitation that is not there, or an answer that its source refused.
func (s *Service) CountInvitationFailure(r *http.Request, code string) error {
	subjects, err := s.invitationSubjects(r, code)
	if err != nil {
		return err
	}
	// Whoever closes the connection is counted too.
	_, err = s.store.RecordSignInFailure(context.WithoutCancel(r.Context()), subjects, s.now().Add(invitationWindow))
	return err
}

func (s *Service) invitationSubjects(r *http.Request, code string) ([][]byte, error) {
	network, err := s.store.SignInSubject(r.Context(), "invitation network", inbound.Network(s.clientAddress(r)))
	if err != nil {
		return nil, err
	}
	// A code has letters in both cases, which subjects do not tell apart; to take two links for one does no harm.
	link, err := s.store.SignInSubject(r.Context(), "invitation link", code)
	return [][]byte{network, link}, err
}
