package invitation

import (
	"errors"

	"ithildin/storage"
)

// State is what became of an invitation.
type State int

// The states.
const (
	Open State = iota // it waits for an answer
	Accepted
	Rejected
	Over // nobody answered in time
)

// Invitation is what somebody is invited to, as its source knows it now. Only ID, Email and State are always there.
type Invitation struct {
	ID           string // UUID
	Email        string // whom it is for
	State        State
	TaxID        string // of the person
	ClientID     string // the client for which the role is
	Organisation string
	Inviter      string
	Role         string // the name of the role, such as DOCTOR
	Position     string
	StartDate    string // YYYY-MM-DD
	Person       Person

	kept *storage.Invitation // of Kept: its row
}

// Person is what the source says of the invited person, for them to check.
type Person struct {
	Name      string
	BirthDate string // YYYY-MM-DD
	Phones    []string
}

// The errors of a source.
var (
	// ErrUnknown says that there is no such invitation.
	ErrUnknown = errors.New("invitation: unknown")
	// ErrOver says that the invitation takes no such answer any more.
	ErrOver = errors.New("invitation: over")
	// ErrRefused says that the source does not take the answer of this person, or this password.
	ErrRefused = errors.New("invitation: refused")
	// ErrUnavailable says that the source does not answer as it should. The same may work later.
	ErrUnavailable = errors.New("invitation: the source is unavailable")
)
