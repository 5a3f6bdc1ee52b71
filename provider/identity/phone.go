package identity

import (
	"regexp"
	"strings"
	"unicode"
)

// LongestPhone bounds what is typed as a number, in characters.
const LongestPhone = 40

// writtenPhone is a Ukrainian number without what people put between digits: in the international form, with or without
// its plus or as it is dialled from abroad, or in the national form.
var writtenPhone = regexp.MustCompile(`^(?:\+380|00380|380|80|0)([0-9]{9})$`)

// keptPhone is the one form in which numbers are kept.
var keptPhone = regexp.MustCompile(`^\+380[0-9]{9}$`)

// IsPhone says whether a number is in the one form in which numbers are kept, +380 and nine digits.
func IsPhone(number string) bool { return keptPhone.MatchString(number) }

// NormalizePhone returns a Ukrainian number in the one form in which numbers are kept, +380 and nine digits, from any
// form in which people write it. isNumber is false where it is none.
func NormalizePhone(written string) (number string, isNumber bool) {
	if len(written) > 4*LongestPhone {
		return "", false
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-‐‑–().", r) {
			return -1
		}
		return r
	}, written)
	found := writtenPhone.FindStringSubmatch(digits)
	if found == nil || found[1][0] == '0' {
		return "", false
	}
	return "+380" + found[1], true
}

// MaskPhone shows the ends of a number only: whoever knows the password, or reads the mail, does not learn the phone.
func MaskPhone(number string) string {
	if len(number) < 8 {
		return "•••"
	}
	return number[:4] + " ••• ••• " + number[len(number)-2:]
}
