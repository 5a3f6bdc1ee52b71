package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// plainValue is a value that a shell and systemd read as it stands.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=-]*$`)

// WriteEnvironmentFile writes the settings that were given as a file of variables, which a shell and systemd
// (EnvironmentFile=) read. The file is for its owner alone. Where it is there already, it is replaced as a whole if
// overwrite says so; otherwise the error is fs.ErrExist. Relative paths become absolute: a server starts elsewhere.
func (c Flags) WriteEnvironmentFile(path string, overwrite bool) error {
	content, err := c.environment()
	if err != nil {
		return err
	}
	if !overwrite {
		return writeNewFile(path, content)
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with the mode 0600
	if err != nil {
		return err
	}
	_, err = io.WriteString(fresh, content)
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh.Name()))
	}
	return nil
}

// writeNewFile makes a file for its owner alone. fs.ErrExist: it is there already.
func writeNewFile(path, content string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(file, content)
	return errors.Join(err, file.Close())
}

// environment is the content of such a file, in the order of the flags.
func (c Flags) environment() (string, error) {
	var content strings.Builder
	var problem error
	eachSetting(reflect.ValueOf(c), func(field reflect.StructField, value reflect.Value) {
		if value.IsZero() || problem != nil {
			return
		}
		name, text := field.Tag.Get("env"), fmt.Sprint(value.Interface())
		if value.Kind() == reflect.Bool {
			text = "1"
		}
		text, problem = absolute(field, text)
		if strings.ContainsAny(text, "'\r\n\x00") {
			problem = fmt.Errorf("%s has an apostrophe or a line end, which a file of variables can't hold", name)
		}
		if !plainValue.MatchString(text) {
			text = "'" + text + "'"
		}
		fmt.Fprintf(&content, "%s=%s\n", name, text)
	})
	return content.String(), problem
}

// absolute makes the path in a setting absolute, where it holds one.
func absolute(field reflect.StructField, text string) (string, error) {
	if path, isSQLite := strings.CutPrefix(text, "sqlite:"); isSQLite && field.Tag.Get("env") == "ITHILDIN_DATABASE_URL" {
		path, err := filepath.Abs(path)
		return "sqlite:" + path, err
	}
	if slices.Contains([]string{"PATH", "DIR"}, field.Tag.Get("placeholder")) {
		return filepath.Abs(text)
	}
	return text, nil
}

// SecretsOfEnvironment lists the secrets that are variables of this process. They have no flag, so they are not among
// what WriteEnvironmentFile writes.
func SecretsOfEnvironment() []string {
	return slices.DeleteFunc(SettingNames(), func(name string) bool {
		return !isSecret(name) || strings.HasSuffix(name, "_FILE") || name == "ITHILDIN_DATABASE_URL" || os.Getenv(name) == ""
	})
}

// ProvideMasterSecret names the master secret that lies in a file of the same folder as path, where none is configured,
// and makes it where there is none. It returns the path of the file, and whether it was made just now; "" where a
// secret is configured.
func (c *Flags) ProvideMasterSecret(path string) (secretFile string, made bool, err error) {
	if c.SecretFile != "" || os.Getenv("ITHILDIN_SECRET") != "" {
		return "", false, nil
	}
	c.SecretFile = filepath.Join(filepath.Dir(path), "ithildin.secret")
	err = makeSecretFile(c.SecretFile)
	if errors.Is(err, fs.ErrExist) {
		return c.SecretFile, false, nil
	}
	return c.SecretFile, err == nil, err
}
