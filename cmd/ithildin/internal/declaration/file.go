package declaration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// maximumFile bounds a file, in bytes.
const maximumFile = 8 << 20

// File is what a file declares. A list that it does not have is not looked at.
type File struct {
	Scopes      []json.RawMessage `json:"scopes,omitempty"`
	ClientTypes []json.RawMessage `json:"client_types,omitempty"`
	Roles       []json.RawMessage `json:"roles,omitempty"`
	Clients     []json.RawMessage `json:"clients,omitempty"`
	Resources   []json.RawMessage `json:"resources,omitempty"`
	DetailTypes []json.RawMessage `json:"authorization_details_types,omitempty"`

	folder string // that the files of secrets are relative to
}

// Read reads a file of at most 8 MiB; "-" is the given standard input. Names that are not known are errors.
func Read(path string, standardInput io.Reader) (*File, error) {
	input, folder := standardInput, "."
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		input, folder = file, filepath.Dir(path)
	}
	content, err := io.ReadAll(io.LimitReader(input, maximumFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maximumFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maximumFile)
	}
	var document any // JSON is YAML, too
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	declared := &File{folder: folder}
	if err := decode(encoded, declared); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if document == nil {
		return nil, fmt.Errorf("%s declares nothing", path)
	}
	return declared, nil
}

// decode changes what the JSON text names, and refuses a name that is not known.
func decode(text []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(to)
}

// nameOf returns the member of an entry that names it.
func nameOf(entry json.RawMessage, member string) (string, error) {
	members := map[string]json.RawMessage{}
	var name string
	err := json.Unmarshal(entry, &members)
	if err == nil && members[member] != nil {
		err = json.Unmarshal(members[member], &name)
	}
	if err == nil && name == "" {
		err = errors.New("it has none")
	}
	if err != nil {
		return "", fmt.Errorf("each entry has a text %q: %w", member, err)
	}
	return name, nil
}
