package registration

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaximumText bounds a text that people write and read (a name, a title, a reason, a contact), in characters: a bound
// in bytes would give half of it to who writes in Cyrillic.
const MaximumText = 500

// ValidateText holds a text that people write and read to MaximumText, and refuses what could make a page show
// something else than is there: control characters, and those that turn the direction of writing. An empty text is
// right.
func ValidateText(value string) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("is not valid UTF-8")
	}
	if length := utf8.RuneCountInString(value); length > MaximumText {
		return fmt.Errorf("has %d characters: want %d at most", length, MaximumText)
	}
	for _, character := range value {
		if !unicode.IsGraphic(character) {
			return fmt.Errorf("has the invisible character %U: want text that can be seen", character)
		}
	}
	return nil
}
