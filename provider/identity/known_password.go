package identity

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// commonPasswords are some 20,000 passwords that leaked most often, one a line, in lower case; passwords/LICENSE says
// where they come from.
//
//go:embed passwords/common.txt.gz
var commonPasswords []byte

// localPasswords are what people here choose beside those: rows of the Ukrainian keyboard, and words of the house.
var localPasswords = []string{
	"йцукенгшщзхї", "фівапролджє", "ячсмитьбю", "йцукен", "україна", "слава", "героям", "славаукраїні", "київ", "лікар",
	"лікарня",
	"медицина", "здоров'я", "здоров’я", "пацієнт", "пароль", "привіт", "адмін", "ukraine", "ukraina", "likar", "likarnia",
	"medycyna", "ehealth", "doctor", "hospital", "ithildin", "admin", "parol", "pryvit",
}

// knownPasswords are all of them. The list is unpacked when the first password is set.
var knownPasswords = sync.OnceValue(func() map[string]bool {
	known := map[string]bool{}
	unpacked, err := gzip.NewReader(bytes.NewReader(commonPasswords))
	var list []byte
	if err == nil {
		list, err = io.ReadAll(unpacked)
	}
	if err != nil {
		panic(fmt.Sprintf("identity: list of passwords: %v", err)) // it is embedded
	}
	for password := range strings.Lines(string(list)) {
		known[strings.TrimSpace(password)] = true
	}
	for _, password := range localPasswords {
		known[password] = true
	}
	return known
})

// What a guess adds to a known password: another one, and a few characters.
const (
	piecesOfAGuess = 2
	addedToAGuess  = 3
	shortestPiece  = 4
	longestPiece   = 32
	longestPattern = 6
)

// substitutes are the letters that people write as other characters.
var substitutes = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "$", "s", "5", "s",
	"7", "t")

// isKnownPassword says whether a password is one of those that are tried first: a known one, two of them, or what is
// known about its owner, with up to three characters more, in any case of letters; or a pattern of the keyboard that
// repeats. It judges the whole password (NIST SP 800-63B-4 section 3.1.1.2): a long one that has a known word in it is
// a good one.
func isKnownPassword(password string, about []string) bool {
	value := strings.ToLower(norm.NFC.String(password))
	terms := map[string]bool{}
	for _, word := range about {
		word = strings.ToLower(norm.NFC.String(word))
		terms[word] = true
		local, host, _ := strings.Cut(word, "@")
		terms[local], terms[host] = true, true
		for _, part := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("@.-_+:/", r) }) {
			terms[part] = true
		}
	}
	return isGuess([]rune(value), terms) || repeats(value)
}

// isGuess covers a text by pieces that are known, as many as a guess has, and counts what is left over.
func isGuess(value []rune, terms map[string]bool) bool {
	if len(value) > piecesOfAGuess*longestPiece+addedToAGuess {
		return false
	}
	// left[k][i] is how little of the first i characters k pieces leave over.
	var left [piecesOfAGuess + 1][]int
	for k := range left {
		left[k] = make([]int, len(value)+1)
		for end := 1; end <= len(value); end++ {
			left[k][end] = left[k][end-1] + 1
			for begin := max(0, end-longestPiece); k > 0 && begin <= end-shortestPiece; begin++ {
				if isPiece(value[begin:end], terms) {
					left[k][end] = min(left[k][end], left[k-1][begin])
				}
			}
		}
	}
	return left[piecesOfAGuess][len(value)] <= addedToAGuess
}

func isPiece(value []rune, terms map[string]bool) bool {
	known, piece := knownPasswords(), string(value)
	return known[piece] || terms[piece] || known[substitutes.Replace(piece)] || isYear.MatchString(piece) ||
		isSequence(value)
}

var isYear = regexp.MustCompile(`^(19|20)[0-9]{2}$`)

// isSequence recognises one character that repeats, and letters or digits in their order, forwards or backwards.
func isSequence(value []rune) bool {
	step := value[1] - value[0]
	for i := 1; i < len(value); i++ {
		next := value[i] - value[i-1]
		if value[i] == '0' && value[i-1] == '9' { // as on the keyboard
			next = 1
		}
		if next != step || step < -1 || step > 1 {
			return false
		}
	}
	return true
}

// repeats recognises a short pattern over and over.
func repeats(value string) bool {
	twice := value + value
	period := strings.Index(twice[min(1, len(twice)):], value) + 1
	return period < len(value) && utf8.RuneCountInString(value[:period]) <= longestPattern
}
