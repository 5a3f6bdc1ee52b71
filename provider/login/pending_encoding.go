package login

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// compressedFrom is the length, in bytes of JSON, from which a pending request is compressed. Most are shorter, and
	// cost less time as they are.
	compressedFrom = 1 << 10
	// maximumPlain bounds the JSON of a pending request in bytes: the query, which is 64 KiB at most, and what is known
	// beside it. It bounds what is decompressed too.
	maximumPlain = 96 << 10
	// compressedMark is the first byte of what is compressed; JSON begins with a brace.
	compressedMark = 'z'
)

var errPlainTooLarge = errors.New("login: a pending request is larger than any that was sealed")

// compressors are reused, for each takes more than half a megabyte.
var compressors = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic("login: compression: " + err.Error()) // only of a level that does not exist
	}
	return w
}}

// encodePending makes the text that is sealed. A long one is compressed: it travels in the Location of a redirect, for
// which proxies have a buffer of 4 KiB.
func encodePending(p Interaction) ([]byte, error) {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false) // it would make six bytes of each & in the query
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("login: pending request: %w", err)
	}
	switch {
	case content.Len() > maximumPlain:
		return nil, errTooLarge
	case content.Len() < compressedFrom:
		return content.Bytes(), nil
	}
	compressed := bytes.NewBuffer([]byte{compressedMark})
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	w.Reset(compressed)
	_, err := w.Write(content.Bytes())
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("login: pending request: %w", err)
	}
	return compressed.Bytes(), nil
}

// decodePending reads what encodePending made.
func decodePending(sealed []byte) (p Interaction, err error) {
	if len(sealed) > 0 && sealed[0] == compressedMark {
		if sealed, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(sealed[1:])),
			maximumPlain+1)); err != nil {
			return Interaction{}, err
		}
	}
	if len(sealed) > maximumPlain {
		return Interaction{}, errPlainTooLarge
	}
	return p, json.Unmarshal(sealed, &p)
}
