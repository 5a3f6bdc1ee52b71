package server

import (
	"fmt"
	"runtime"
)

// Build says what this binary was made from.
type Build struct {
	Version  string // a tag, or what the Go toolchain made of the revision; "(devel)" where nobody knows
	Revision string // of the version control; "unknown" where nobody knows
}

// String is what ithildin version prints.
func (b Build) String() string {
	return fmt.Sprintf("ithildin %s (revision %s, %s, %s/%s)",
		b.Version, b.Revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
