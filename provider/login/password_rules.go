package login

import (
	"context"
	"errors"
	"time"
	"unicode"
	"unicode/utf8"

	"ithildin/storage"
)

// minimumPassword is the shortest password that a person may choose, in characters.
const minimumPassword = 12

// passwordsBefore is how many passwords before the present one may not be taken again: the last three are refused.
const passwordsBefore = 2

// Why a new password is not taken (contract section 2.5).
var (
	ErrPasswordShort      = errors.New("login: the password is too short")
	ErrPasswordComplexity = errors.New("login: the password lacks a kind of characters")
	ErrPasswordUsed       = errors.New("login: the password was used recently")
)

// CheckNewPassword holds a password against the rules that need no database: length, and a lower-case letter, an
// upper-case one, of whatever alphabet, and a digit.
func CheckNewPassword(password string) error {
	var lower, upper, digit bool
	for _, r := range password {
		lower, upper, digit = lower || unicode.IsLower(r), upper || unicode.IsUpper(r), digit || unicode.IsDigit(r)
	}
	switch {
	case utf8.RuneCountInString(password) < minimumPassword:
		return ErrPasswordShort
	case !lower || !upper || !digit, len(password) > MaximumPassword, !utf8.ValidString(password):
		return ErrPasswordComplexity
	}
	return nil
}

// PasswordExpired says whether a password is older than the operator lets it get. One that was never set has no age.
func (s *Service) PasswordExpired(u *storage.User) bool {
	lifetime := s.components.PasswordLifetime
	return lifetime > 0 && u.Password != "" && u.PasswordSetAt <= s.now().Unix()-int64(lifetime/time.Second)
}

// ChangePassword gives a user another password: neither the present one nor one of those remembered before it. Errors:
// ErrPasswordShort, ErrPasswordComplexity, ErrPasswordUsed, ErrBusy.
func (s *Service) ChangePassword(ctx context.Context, userID, password string) error {
	if err := CheckNewPassword(password); err != nil {
		return err
	}
	user, err := s.store.FindUser(ctx, userID)
	if err != nil {
		return err
	}
	known, err := s.store.PasswordHistory(ctx, userID)
	if err != nil {
		return err
	}
	for _, phc := range append([]string{user.Password}, known[:min(len(known), passwordsBefore)]...) {
		if phc == "" {
			continue
		}
		used, _, err := s.passwords.Verify(ctx, phc, password)
		if err != nil {
			return err
		}
		if used {
			return ErrPasswordUsed
		}
	}
	phc, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, userID, phc)
}
