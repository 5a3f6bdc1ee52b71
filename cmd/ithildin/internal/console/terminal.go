package console

import "io"

// Terminal is where a verb reads and writes.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}
