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
	// ErrUserBlocked is what package identity finds too.
	ErrUserBlocked = identity.ErrUserBlocked
)
