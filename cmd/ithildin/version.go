package main

import (
	"fmt"
	"runtime/debug"
)

type versionCommand struct{}

// Help shows how the verb is used.
func (versionCommand) Help() string {
	return `Example:

    ithildin version`
}

// Run prints what the Go toolchain recorded when it built the binary.
func (versionCommand) Run(terminal console) error {
	information, ok := debug.ReadBuildInfo()
	if !ok {
		return fmt.Errorf("this binary has no build information")
	}
	settings := map[string]string{}
	for _, setting := range information.Settings {
		settings[setting.Key] = setting.Value
	}
	_, err := fmt.Fprintf(terminal.out, "ithildin %s (revision %s, %s, %s/%s)\n", or(information.Main.Version, "(devel)"),
		or(settings["vcs.revision"], "unknown"), information.GoVersion, settings["GOOS"], settings["GOARCH"])
	return err
}
