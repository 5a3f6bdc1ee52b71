package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// userCodeLetters are those of user codes (RFC 8628 6.1): no vowels, so that no code is a word, and no two letters that
// are taken for each other. Eight of them are 34.5 bits. All who are not signed in get 100 wrong ones in ten minutes
// together (package identity): with a thousand codes waiting, guesses without a pause find one in 1 800 days, and it is
// that of somebody's device, to which the guesser can give no more than an account of their own.
const userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"

// userCodeLength is in letters, without the hyphen in the middle.
const userCodeLength = 8

// cyrillicLetters are those that look like letters of user codes: whoever types on a Ukrainian keyboard copies what
// they see.
var cyrillicLetters = map[rune]rune{
	'В': 'B', 'С': 'C', 'Н': 'H', 'К': 'K', 'М': 'M', 'Р': 'P', 'Т': 'T', 'Х': 'X', 'Ѕ': 'S', 'Ј': 'J',
}

// newUserCode makes a code as a person reads it, such as WDJB-MJHT.
func newUserCode(random io.Reader) (string, error) {
	var letters []byte
	one := make([]byte, 1)
	for len(letters) < userCodeLength {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", fmt.Errorf("provider: no randomness: %w", err)
		}
		if limit := 256 - 256%len(userCodeLetters); int(one[0]) < limit { // each letter is as likely as the others
			letters = append(letters, userCodeLetters[int(one[0])%len(userCodeLetters)])
		}
	}
	return inHalves(string(letters)), nil
}

func inHalves(letters string) string {
	return letters[:userCodeLength/2] + "-" + letters[userCodeLength/2:]
}

// readUserCode returns a code as newUserCode makes it, whatever case, blanks and hyphens it was typed with; ok is false
// where it is none.
func readUserCode(typed string) (code string, ok bool) {
	var letters strings.Builder
	for _, letter := range typed {
		letter = unicode.ToUpper(letter)
		if latin := cyrillicLetters[letter]; latin != 0 {
			letter = latin
		}
		switch {
		case unicode.IsSpace(letter) || unicode.IsPunct(letter):
			continue
		case !strings.ContainsRune(userCodeLetters, letter) || letters.Len() == userCodeLength:
			return "", false
		}
		letters.WriteRune(letter)
	}
	if letters.Len() != userCodeLength {
		return "", false
	}
	return inHalves(letters.String()), true
}

// userCodes hash user codes under a secret key: there are too few of them for a mere hash.
type userCodes struct{ key []byte }

func (u userCodes) hash(code string) []byte {
	mac := hmac.New(sha256.New, u.key)
	mac.Write([]byte(code))
	return mac.Sum(nil)
}
