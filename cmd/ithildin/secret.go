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

// secret reads a secret setting from the environment variable of that name, or from a file.
func (p *problems) secret(name, file string) string {
	value := os.Getenv(name)
	if file == "" {
		return value
	}
	return p.file(name, value, file)
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
	}
	return strings.TrimSpace(string(content))
}

// readBounded reads a small file whole, or standard input where path is "-" and in is given.
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
	return content, nil
}

// readSecret reads one secret: the file without its last line end. From a terminal it is read without echo.
func (c console) readSecret(path, prompt string) (string, error) {
	if file, ok := c.in.(*os.File); path == "-" && ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(c.err, prompt, ": ")
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(c.err)
		return string(typed), err
	}
	content, err := readBounded(path, c.in)
	if err != nil {
		return "", &usageError{cause: err}
	}
	secret := string(bytes.TrimRight(content, "\r\n"))
	if secret == "" {
		return "", &usageError{cause: errors.New(strings.ToLower(prompt) + " is empty")}
	}
	return secret, nil
}
