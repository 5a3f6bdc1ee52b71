package config

import (
	"os"
	"os/user"
	"strconv"
	"strings"
)

// settingPrefix begins the name of every variable of ours.
const settingPrefix = "ITHILDIN_"

// UnsetEmpty makes a setting that is empty, as templates of containers leave it, the same as one that is absent, but
// for secrets.
func UnsetEmpty() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, settingPrefix) &&
			!isSecret(name) {
			_ = os.Unsetenv(name) // fails for impossible names only
		}
	}
}

// OperatingSystemUser is whom the operating system takes this process for, and who that was before sudo.
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
