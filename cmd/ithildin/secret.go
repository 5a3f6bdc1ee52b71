package main

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

// isSecret says whether a variable holds a secret, or names the file with one. Such a one that is there and empty is a mistake
// and never the same as one that is absent: a template whose value was lost must not open what it was to close.
func isSecret(variable string) bool {
	name := strings.TrimSuffix(variable, "_FILE")
	return strings.HasPrefix(name, settingPrefix) &&
		(strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_TOKEN") || name == "ITHILDIN_DATABASE_URL")
}

// secret reads a secret setting from the environment variable of that name, or from a file. One that is named by either and
// is empty is a problem; "" is one that nobody named.
func (p *problems) secret(name, file string) string {
	return p.secretOr(name, os.Getenv(name), file)
}

// secretOr is secret for a setting that may come by a flag as well.
func (p *problems) secretOr(name, value, file string) string {
	if file != "" {
		return p.file(name, value, file)
	}
	if value = withoutMark(value); strings.TrimSpace(value) != "" {
		return value
	}
	for _, variable := range []string{name, name + "_FILE"} {
		if _, there := os.LookupEnv(variable); there {
			p.add(variable, "is there and empty: give it a value, or take it out of the environment")
			break
		}
	}
	return ""
}

// file reads a setting from a file; the setting itself must then be empty.
func (p *problems) file(name, value, file string) string {
	if value != "" {
		p.add(name, "and %s_FILE are both set: want one of them", name)
		return ""
	}
	content, err := readBounded(file, nil)
	if err != nil {
		p.add(name+"_FILE", "cannot be read: %v", err)
		return ""
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		p.add(name+"_FILE", "names %s, which is empty", file)
	}
	return text
}

// The byte order marks that editors begin a file with.
const (
	markUTF8    = "\xef\xbb\xbf"
	markUTF16LE = "\xff\xfe"
	markUTF16BE = "\xfe\xff"
)

func withoutMark(text string) string { return strings.TrimPrefix(text, markUTF8) }

// readBounded reads a small file of text whole, without a byte order mark, or standard input where path is "-" and in is given.
func readBounded(path string, in io.Reader) ([]byte, error) {
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

// readSecret reads one secret: the file without its last line end. From a terminal it is read without echo.
func (c console) readSecret(path, prompt string) (string, error) {
	var content []byte
	var err error
	if file, ok := c.in.(*os.File); path == "-" && ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(c.err, prompt, ": ")
		content, err = term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(c.err)
	} else {
		content, err = readBounded(path, c.in)
	}
	if err != nil {
		return "", &usageError{cause: err}
	}
	secret := string(bytes.TrimRight(content, "\r\n"))
	if secret == "" {
		return "", &usageError{cause: errors.New(strings.ToLower(prompt) + " is empty")}
	}
	return secret, nil
}
