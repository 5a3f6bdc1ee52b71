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
	text := strings.ToLower(norm.NFC.String(password))
	words := map[string]bool{}
	for _, word := range about {
		word = strings.ToLower(norm.NFC.String(word))
		words[word] = true
		local, host, _ := strings.Cut(word, "@")
		words[local], words[host] = true, true
		for _, part := range strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune("@.-_+:/", r) }) {
			words[part] = true
		}
	}
	return isGuess([]rune(text), words) || repeats(text)
}

// isGuess covers a text by pieces that are known, as many as a guess has, and counts what is left over.
func isGuess(text []rune, words map[string]bool) bool {
	if len(text) > piecesOfAGuess*longestPiece+addedToAGuess {
		return false
	}
	// left[k][i] is how little of the first i characters k pieces leave over.
	var left [piecesOfAGuess + 1][]int
	for k := range left {
		left[k] = make([]int, len(text)+1)
		for end := 1; end <= len(text); end++ {
			left[k][end] = left[k][end-1] + 1
			for begin := max(0, end-longestPiece); k > 0 && begin <= end-shortestPiece; begin++ {
				if isPiece(text[begin:end], words) {
					left[k][end] = min(left[k][end], left[k-1][begin])
				}
			}
		}
	}
	return left[piecesOfAGuess][len(text)] <= addedToAGuess
}

func isPiece(text []rune, words map[string]bool) bool {
	known, piece := knownPasswords(), string(text)
	return known[piece] || words[piece] || known[substitutes.Replace(piece)] || isYear.MatchString(piece) ||
		isSequence(text)
}

var isYear = regexp.MustCompile(`^(19|20)[0-9]{2}$`)

// isSequence recognises one character that repeats, and letters or digits in their order, forwards or backwards.
func isSequence(text []rune) bool {
	step := text[1] - text[0]
	for i := 1; i < len(text); i++ {
		next := text[i] - text[i-1]
		if text[i] == '0' && text[i-1] == '9' { // as on the keyboard
			next = 1
		}
		if next != step || step < -1 || step > 1 {
			return false
		}
	}
	return true
}

// repeats recognises a short pattern over and over.
func repeats(text string) bool {
	twice := text + text
	period := strings.Index(twice[min(1, len(twice)):], text) + 1
	return period < len(text) && utf8.RuneCountInString(text[:period]) <= longestPattern
}
