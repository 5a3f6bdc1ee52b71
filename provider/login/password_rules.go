package login

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"ithildin/storage"
)

// minimumPassword is the shortest password that anybody may choose, in characters.
const minimumPassword = 12

// passwordsBefore is how many passwords before the present one may not be taken again: the last three are refused.
const passwordsBefore = 2

// Why a new password is not taken.
var (
	ErrPasswordShort = fmt.Errorf("the password is too short: want %d characters at least", minimumPassword)
	ErrPasswordLong  = fmt.Errorf("the password is too long: want %d characters at most", MaximumPassword)
	ErrPasswordForm  = errors.New("the password is not valid UTF-8")
	ErrPasswordKnown = errors.New("the password is one that attackers try first: a common one, or one made of the name " +
		"of its " +
		"owner or of this service")
	ErrPasswordUsed = errors.New("the password was used recently")
	// ErrPasswordComplexity is for the legacy API only (contract section 2.5).
	ErrPasswordComplexity = errors.New("the password lacks a kind of characters")
)

// PasswordRule says why a password is not taken; about is what is known of its owner and of the service.
type PasswordRule func(password string, about ...string) error

// CheckNewPassword is the rule for passwords wherever one is set, but for the legacy API (NIST SP 800-63B-4 section
// 3.1.1.2): a length, and none that attackers try first. Which kinds of characters it has does not matter. about are
// the email of its owner and the host of the service. Errors: ErrPasswordShort, ErrPasswordLong, ErrPasswordForm,
// ErrPasswordKnown.
func CheckNewPassword(password string, about ...string) error {
	switch {
	case !utf8.ValidString(password):
		return ErrPasswordForm
	case tooLong(password, MaximumPassword):
		return ErrPasswordLong
	case utf8.RuneCountInString(norm.NFC.String(password)) < minimumPassword:
		return ErrPasswordShort
	case isKnownPassword(password, about):
		return ErrPasswordKnown
	}
	return nil
}

// CheckLegacyPassword is the rule of the legacy API (contract section 2.5): length, and a lower-case letter, an
// upper-case one, of whatever alphabet, and a digit. Errors: ErrPasswordShort, ErrPasswordComplexity.
func CheckLegacyPassword(password string, _ ...string) error {
	password = norm.NFC.String(password)
	var lower, upper, digit bool
	for _, r := range password {
		lower, upper, digit = lower || unicode.IsLower(r), upper || unicode.IsUpper(r), digit || unicode.IsDigit(r)
	}
	switch {
	case utf8.RuneCountInString(password) < minimumPassword:
		return ErrPasswordShort
	case !lower || !upper || !digit, tooLong(password, MaximumPassword), !utf8.ValidString(password):
		return ErrPasswordComplexity
	}
	return nil
}

// PasswordExpired says whether a user must choose another password before anything else: the present one is older than
// the operator lets it get, or the operator set it and asked for another. One that was never set has no age.
func (s *Service) PasswordExpired(u *storage.User) bool {
	lifetime := s.components.PasswordLifetime
	return u.MustChangePassword || lifetime > 0 && u.Password != "" &&
		u.PasswordSetAt <= s.now().Unix()-int64(lifetime/time.Second)
}

// ChangePassword gives a user another password: neither the present one nor one of those remembered before it. Errors:
// those of the rule, ErrPasswordUsed, ErrBusy.
func (s *Service) ChangePassword(ctx context.Context, userID, password string, rule PasswordRule) error {
	phc, err := s.HashNewPassword(ctx, userID, password, rule)
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, userID, phc)
}

// ChangePasswordByToken is ChangePassword by the bearer of a change_password_token, which it uses up. Errors: also
// storage.ErrUsed.
func (s *Service) ChangePasswordByToken(
	ctx context.Context, t *storage.AccessToken, password string, rule PasswordRule,
) error {
	phc, err := s.HashNewPassword(ctx, t.UserID, password, rule)
	if err != nil {
		return err
	}
	return s.store.SetPasswordByToken(ctx, t, phc)
}

// HashNewPassword makes the hash of a password that a user may take.
func (s *Service) HashNewPassword(ctx context.Context, userID, password string, rule PasswordRule) (string, error) {
	user, err := s.store.FindUser(ctx, userID)
	if err != nil {
		return "", err
	}
	if err := rule(password, user.Email, s.host); err != nil {
		return "", err
	}
	known, err := s.store.PasswordHistory(ctx, userID)
	if err != nil {
		return "", err
	}
	for _, phc := range append([]string{user.Password}, known[:min(len(known), passwordsBefore)]...) {
		if phc == "" {
			continue
		}
		used, _, err := s.passwords.Verify(ctx, phc, password)
		if err != nil {
			return "", err
		}
		if used {
			return "", ErrPasswordUsed
		}
	}
	return s.passwords.Hash(ctx, password)
}
