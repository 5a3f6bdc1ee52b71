package identity

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// minimumPassword is the shortest password that anybody may choose, in characters.
const minimumPassword = 12

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
	case TooLong(password, MaximumPassword):
		return ErrPasswordLong
	case utf8.RuneCountInString(norm.NFC.String(password)) < minimumPassword:
		return ErrPasswordShort
	case isKnownPassword(password, about):
		return ErrPasswordKnown
	}
	return nil
}

// CheckLegacyPassword is the rule of the legacy API (contract section 2.5): length, and a lower-case letter, an
// upper-case one, of whatever alphabet, and a digit. Errors: ErrPasswordShort, ErrPasswordComplexity, or both.
func CheckLegacyPassword(password string, _ ...string) error {
	password = norm.NFC.String(password)
	var lower, upper, digit bool
	for _, r := range password {
		lower, upper, digit = lower || unicode.IsLower(r), upper || unicode.IsUpper(r), digit || unicode.IsDigit(r)
	}
	var broken []error
	if !lower || !upper || !digit || TooLong(password, MaximumPassword) || !utf8.ValidString(password) {
		broken = append(broken, ErrPasswordComplexity)
	}
	if utf8.RuneCountInString(password) < minimumPassword {
		broken = append(broken, ErrPasswordShort)
	}
	return errors.Join(broken...)
}

// TooLong says whether a text has more characters than maximum. It counts those of the composed form (NFC), since some
// systems send two for one.
func TooLong(value string, maximum int) bool {
	return len(value) > 12*maximum || utf8.RuneCountInString(norm.NFC.String(value)) > maximum
}

// IsPasswordRefused says of an error whether a password was refused for what it is.
func IsPasswordRefused(err error) bool {
	for _, refusal := range []error{
		ErrPasswordShort, ErrPasswordLong, ErrPasswordForm, ErrPasswordKnown, ErrPasswordUsed, ErrPasswordComplexity,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
