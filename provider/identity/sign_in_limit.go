package identity

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// How many sign-ins may fail within the window, by default. Ten for an account is what the eHealth front end allowed;
// they are counted for each address, so that nobody locks an account out from elsewhere. An account may fail ten times
// as often over all addresses. An address gets as many, for a hospital sits behind one, and still too few to try a
// stolen list of passwords. A device on which the owner of the account has signed in before has a limit of its own in
// the place of all three: whoever uses up theirs does not keep the owner out, and a stolen device cookie is good for no
// more guesses than one address is.
const (
	pairFailures = 10
	// overAll is how many times as often an account may fail over all addresses, and an address over all accounts.
	overAll = 10
	// attemptsAtOnce bounds the sign-ins to one account that are under way in a process. Each counts as failed until its
	// password is found right: without the bound, right ones at once would be over the limit.
	attemptsAtOnce = 2
	// attemptTimeout is how long the others wait.
	attemptTimeout = 5 * time.Second
)

// attempt is one sign-in under way. It counts as failed from before the password is looked at, so that parallel guesses
// see each other: whichever counts last has seen the rows of all.
type attempt struct {
	service *Service
	rows    []string
	owners  [][]byte // the subjects whose failures a right password forgets
}

// signInLimit is how many sign-ins may fail under a subject.
type signInLimit struct {
	kind, value string
	most        int64
	// byOwner says that a right password forgets the failures: they are taken for those of the account's owner. Not so
	// those of others: somebody who guesses from elsewhere gets no more guesses by it, nor by signing in to an account of
	// their own.
	byOwner bool
	// forgottenAt is when the failures before were forgotten; zero where they never were.
	forgottenAt time.Time
}

// limitsOf are those of a sign-in to an account; its user is known to the device or not, or there is none.
func (s *Service) limitsOf(r *http.Request, a PasswordAttempt, user *storage.User) []signInLimit {
	most := s.Limits().FailedSignIns
	if a.Device.Knows(user, s.now()) {
		return []signInLimit{{"device", a.Device.ID + "\x00" + user.ID, most, true, user.FailuresForgottenAt}}
	}
	network := inbound.Network(s.clientAddress(r))
	return []signInLimit{
		{"account", a.Username, overAll * most, false, user.FailuresForgottenAt},
		{"address", network, overAll * most, false, time.Time{}},
		{"account and address", a.Username + "\x00" + network, most, true, user.FailuresForgottenAt},
	}
}

// beginAttempt records the attempt. within is false if it is over one of the limits; the password must then not be
// looked at.
func (s *Service) beginAttempt(ctx context.Context, limits []signInLimit) (a attempt, within bool, err error) {
	now := s.now()
	a.service = s
	var subjects [][]byte
	for _, limit := range limits {
		subject, err := s.store.SignInSubject(ctx, limit.kind, limit.value)
		if err != nil {
			return attempt{}, false, err
		}
		subjects = append(subjects, subject)
		if limit.byOwner {
			a.owners = append(a.owners, subject)
		}
	}
	a.rows, err = s.store.RecordSignInFailure(ctx, subjects, now.Add(s.Limits().FailedSignInWindow))
	if err != nil {
		return attempt{}, false, err
	}
	since := now.Add(-s.Limits().FailedSignInWindow)
	counts, err := s.store.CountSignInFailures(ctx, subjects, since)
	if err != nil {
		return attempt{}, false, err
	}
	within = true
	for i, limit := range limits {
		if counts[i] > limit.most && limit.forgottenAt.After(since) {
			left, err := s.store.CountSignInFailures(ctx, subjects[i:i+1], limit.forgottenAt.Add(time.Second))
			if err != nil {
				return attempt{}, false, err
			}
			counts[i] = left[0]
		}
		within = within && counts[i] <= limit.most
	}
	return a, within, nil
}

// forget takes the attempt back: it was no failed guess.
func (a attempt) forget(ctx context.Context) error {
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	return a.service.store.ForgetSignInFailures(ctx, a.rows)
}

// succeeded takes the attempt back, and the failures of the owner before it.
func (a attempt) succeeded(ctx context.Context) error {
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	return a.service.store.ForgetSignInFailures(ctx, a.rows, a.owners...)
}

// countingTime bounds what counts, or takes a count back.
const countingTime = 5 * time.Second

// whateverTheClientDoes is a context for what counts and what takes a count back: neither may hang on the connection of
// the client, who could end it at the right moment.
func whateverTheClientDoes(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), countingTime)
}

// attempts bounds the sign-ins that are under way for each account, or on each known device. It is kept while somebody
// signs in or waits to, so that the requests at once bound the map.
type attempts struct {
	timeout  time.Duration // how long one waits
	mu       sync.Mutex
	accounts map[string]*underWay
}

type underWay struct {
	slots chan struct{}
	users int // who have a slot, or wait for one
}

// acquire waits until the account has a slot, for the timeout at most, and returns what gives it back. ErrBusy:
// none came free in time.
func (a *attempts) acquire(ctx context.Context, account string) (release func(), err error) {
	account = strings.ToLower(account)
	a.mu.Lock()
	if a.accounts == nil {
		a.accounts = map[string]*underWay{}
	}
	u := a.accounts[account]
	if u == nil {
		u = &underWay{slots: make(chan struct{}, attemptsAtOnce)}
		a.accounts[account] = u
	}
	u.users++
	a.mu.Unlock()
	forget := func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if u.users--; u.users == 0 {
			delete(a.accounts, account)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	select {
	case u.slots <- struct{}{}:
		return func() { <-u.slots; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ErrBusy
	}
}
