package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version and revision are set by whoever builds outside of a checkout, as the Dockerfile does:
// -ldflags "-X main.version=v1.2.3 -X main.revision=0123abc". Elsewhere the Go toolchain knows them.
var (
	version  string
	revision string
)

// buildInformation says what this binary was made from.
type buildInformation struct {
	version  string // a tag, or what the Go toolchain made of the revision; "(devel)" where nobody knows
	revision string // of the version control; "unknown" where nobody knows
}

func thisBuild() buildInformation {
	b := buildInformation{version: version, revision: revision}
	if information, ok := debug.ReadBuildInfo(); ok {
		b.version = cmp.Or(b.version, information.Main.Version)
		for _, setting := range information.Settings {
			if setting.Key == "vcs.revision" {
				b.revision = cmp.Or(b.revision, setting.Value)
			}
		}
	}
	return buildInformation{version: cmp.Or(b.version, "(devel)"), revision: cmp.Or(b.revision, "unknown")}
}

// String is what ithildin version prints.
func (b buildInformation) String() string {
	return fmt.Sprintf("ithildin %s (revision %s, %s, %s/%s)",
		b.version, b.revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

type versionCommand struct{}

// Help shows how the verb is used.
func (versionCommand) Help() string {
	return `Example:

    ithildin version`
}

// Run prints what the binary was made from.
func (versionCommand) Run(terminal console) error {
	_, err := fmt.Fprintln(terminal.out, thisBuild())
	return err
}
