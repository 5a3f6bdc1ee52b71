package provider

import (
	"errors"

	"ithildin/provider/identity"
)

// The causes that pages have words for, and that adapters tell apart.
var (
	ErrInactive  = errors.New("provider: the token is not active")
	ErrNoPage    = errors.New("provider: there is nothing at this address")
	ErrAssurance = errors.New("provider: the sign-in is weaker than a scope demands")
	ErrRefused   = errors.New("provider: the user refused")
	// ErrRequestOver is of a pushed request that is unknown, has expired, or was answered.
	ErrRequestOver = errors.New("provider: the pushed request is over, or none of the client")
	// ErrUserBlocked is what package identity finds too.
	ErrUserBlocked = identity.ErrUserBlocked
)
