package login

import (
	"context"
	"net/http"
	"net/netip"
	"time"
)

// How many sign-ins may fail within the window. Ten for an account is what the eHealth front end allowed. An address gets
// many more, for a hospital sits behind one, and still too few to try a stolen list of passwords.
const (
	limitWindow     = 10 * time.Minute
	accountFailures = 10
	addressFailures = 100
)

// attempt is one sign-in under way. It counts as failed from before the password is looked at, so that parallel guesses
// see each other: whichever counts last has seen the rows of all.
type attempt struct {
	service *Service
	rows    []string
}

// beginAttempt records the attempt. within is false if the account or the address is over its limit; the password must
// then not be looked at.
func (s *Service) beginAttempt(r *http.Request, username string) (a attempt, within bool, err error) {
	now := s.now()
	account, err := s.store.SignInSubject(r.Context(), "account", username)
	if err != nil {
		return attempt{}, false, err
	}
	address, err := s.store.SignInSubject(r.Context(), "address", Network(s.clientAddress(r)))
	if err != nil {
		return attempt{}, false, err
	}
	subjects := [][]byte{account, address}
	rows, err := s.store.RecordSignInFailure(r.Context(), subjects, now.Add(limitWindow).Unix())
	if err != nil {
		return attempt{}, false, err
	}
	counts, err := s.store.CountSignInFailures(r.Context(), subjects, now.Add(-limitWindow).Unix())
	if err != nil {
		return attempt{}, false, err
	}
	within = counts[0] <= accountFailures && counts[1] <= addressFailures
	return attempt{service: s, rows: rows}, within, nil
}

// forgetTimeout bounds what is taken back although the browser may have gone: it must not depend on that.
const forgetTimeout = 5 * time.Second

// forget takes the attempt back: it was no failed guess.
func (a attempt) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTimeout)
	defer cancel()
	return a.service.store.ForgetSignInFailures(ctx, a.rows)
}

// Network is what of an address counts as one: an IPv6 subscriber has a /64 to choose from. What is no address is returned as
// it is.
func Network(address string) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	parsed = parsed.Unmap().WithZone("")
	if prefix, err := parsed.Prefix(64); err == nil && parsed.Is6() {
		return prefix.String()
	}
	return parsed.String()
}
