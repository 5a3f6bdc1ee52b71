package console

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Terminal is where a verb reads and writes.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// IsInteractive says whether a person can be asked: what the verb reads is a terminal.
func (c Terminal) IsInteractive() bool {
	file, isFile := c.In.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// Ask asks a question and returns the answer without the blanks around it. It reads no further than the line, so that
// another question may follow.
func (c Terminal) Ask(question string) (string, error) {
	fmt.Fprint(c.Err, question, " ")
	var line strings.Builder
	for letter := make([]byte, 1); ; {
		if _, err := io.ReadFull(c.In, letter); err != nil {
			return "", fmt.Errorf("no answer: %w", err)
		}
		if letter[0] == '\n' {
			return strings.TrimSpace(line.String()), nil
		}
		line.WriteByte(letter[0])
	}
}
