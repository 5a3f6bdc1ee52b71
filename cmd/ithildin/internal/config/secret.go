package config

import (
	"os"
	"strings"

	"ithildin/cmd/ithildin/internal/console"
)

// isSecret returns whether a variable holds a secret or names the file of one. A secret variable that is set but
// empty is an error and not the same as one that is not set: otherwise a deployment template that loses the value
// would turn off the protection that the secret gives.
func isSecret(variable string) bool {
	name := strings.TrimSuffix(variable, "_FILE")
	return strings.HasPrefix(name, settingPrefix) &&
		(strings.HasSuffix(name, "_SECRET") || strings.HasSuffix(name, "_TOKEN") ||
			strings.HasSuffix(name, "_PASSWORD") || name == "ITHILDIN_DATABASE_URL" || name == "ITHILDIN_REPLICA_URL")
}

// secret reads a secret from the environment variable of that name, or from a file. It is a problem if either is set
// but empty; the result is "" if neither is set.
func (p *problems) secret(name, file string) string {
	return p.secretOr(name, os.Getenv(name), file)
}

// secretOr is secret for a setting that may also be a flag.
func (p *problems) secretOr(name, value, file string) string {
	if file != "" {
		return p.file(name, value, file)
	}
	if value = console.WithoutMark(value); strings.TrimSpace(value) != "" {
		return value
	}
	for _, variable := range []string{name, name + "_FILE"} {
		if _, there := os.LookupEnv(variable); there {
			p.add(variable, "is there and empty: give it a value, or take it out of the environment")
			break
		}
	}
	return ""
}

// file reads a setting from a file; the setting itself must then be empty.
func (p *problems) file(name, value, file string) string {
	if value != "" {
		p.add(name, "and %s_FILE are both set: want one of them", name)
		return ""
	}
	content, err := console.ReadFile(file, nil)
	if err != nil {
		p.add(name+"_FILE", "cannot be read: %v", err)
		return ""
	}
	theValue := strings.TrimSpace(string(content))
	if theValue == "" {
		p.add(name+"_FILE", "names %s, which is empty", file)
	}
	return theValue
}
