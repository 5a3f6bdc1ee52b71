package config

import (
	"os"
	"os/user"
	"strconv"
	"strings"
)

// settingPrefix begins the name of every variable of ours.
const settingPrefix = "ITHILDIN_"

// UnsetEmpty removes empty settings other than secrets from the environment, so that they mean the same as settings
// that are not set. Container templates leave such empty variables.
func UnsetEmpty() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, settingPrefix) &&
			!isSecret(name) {
			_ = os.Unsetenv(name) // fails for impossible names only
		}
	}
}

// OperatingSystemUser returns the name of the user that runs this process, and of the user who called sudo, for the
// audit.
func OperatingSystemUser() string {
	name := "uid " + strconv.Itoa(os.Getuid())
	if current, err := user.Current(); err == nil && current.Username != "" {
		name = current.Username
	}
	if before := os.Getenv("SUDO_USER"); before != "" && before != name {
		name += " (sudo by " + before + ")"
	}
	return name
}

// ShellAsks reports whether a shell asks, by the variable COMP_LINE, how a command line may go on.
func ShellAsks() bool { return os.Getenv("COMP_LINE") != "" }
