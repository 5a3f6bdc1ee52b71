package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/server"
)

// version and revision are set by whoever builds outside of a checkout, as the Dockerfile does:
// -ldflags "-X main.version=v1.2.3 -X main.revision=0123abc". Elsewhere the Go toolchain knows them.
var (
	version  string
	revision string
)

func thisBuild() server.Build {
	b := server.Build{Version: version, Revision: revision}
	if information, ok := debug.ReadBuildInfo(); ok {
		b.Version = cmp.Or(b.Version, information.Main.Version)
		for _, setting := range information.Settings {
			if setting.Key == "vcs.revision" {
				b.Revision = cmp.Or(b.Revision, setting.Value)
			}
		}
	}
	return server.Build{Version: cmp.Or(b.Version, "(devel)"), Revision: cmp.Or(b.Revision, "unknown")}
}

type versionCommand struct{}

// Help shows how the verb is used.
func (versionCommand) Help() string {
	return `Example:

    ithildin version`
}

// Run prints what the binary was made from.
func (versionCommand) Run(terminal console.Terminal) error {
	_, err := fmt.Fprintln(terminal.Out, thisBuild())
	return err
}
