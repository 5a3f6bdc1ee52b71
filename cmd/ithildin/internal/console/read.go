package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maximumSecretFile bounds what is read from a file or from standard input, in bytes.
const maximumSecretFile = 64 << 10

// The byte order marks that editors begin a file with.
const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16LE = "\xff\xfe"
	markUTF16BE = "\xfe\xff"
)

// WithoutMark takes the byte order mark of UTF-8 from the beginning of a text.
func WithoutMark(value string) string { return strings.TrimPrefix(value, markUTF8) }

// ReadFile reads a small file of text whole, without a byte order mark, or standard input where path is "-" and in is
// given.
func ReadFile(path string, in io.Reader) ([]byte, error) {
	if path != "-" || in == nil {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	content, err := io.ReadAll(io.LimitReader(in, maximumSecretFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maximumSecretFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maximumSecretFile)
	}
	if bytes.HasPrefix(content, []byte(markUTF16LE)) || bytes.HasPrefix(content, []byte(markUTF16BE)) {
		return nil, fmt.Errorf("%s: is in UTF-16, want UTF-8", path)
	}
	return bytes.TrimPrefix(content, []byte(markUTF8)), nil
}

// ReadSecret reads one secret: the file without its last line end. From a terminal it is read without echo.
func (c Terminal) ReadSecret(path, prompt string) (string, error) {
	var content []byte
	var err error
	if file, ok := c.In.(*os.File); path == "-" && ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(c.Err, prompt, ": ")
		content, err = term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(c.Err)
	} else {
		content, err = ReadFile(path, c.In)
	}
	if err != nil {
		return "", &UsageError{Cause: err}
	}
	secret := string(bytes.TrimRight(content, "\r\n"))
	if secret == "" {
		return "", &UsageError{Cause: errors.New(strings.ToLower(prompt) + " is empty")}
	}
	return secret, nil
}
