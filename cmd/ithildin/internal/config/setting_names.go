package config

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
)

// SettingNames lists the variables from which Flags are read, in the order of the flags. A secret that a file may
// hold is named with and without _FILE.
func SettingNames() (names []string) {
	eachSetting(reflect.ValueOf(Flags{}), func(field reflect.StructField, _ reflect.Value) {
		name := field.Tag.Get("env")
		names = append(names, name)
		if secret, ofFile := strings.CutSuffix(name, "_FILE"); ofFile && isSecret(name) && !slices.Contains(names, secret) {
			names = append(names, secret)
		}
	})
	return names
}

// eachSetting walks through the fields that have a variable.
func eachSetting(v reflect.Value, visit func(field reflect.StructField, value reflect.Value)) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Tag.Get("env") != "" {
			visit(field, v.Field(i))
		} else if field.Anonymous && field.Type.Kind() == reflect.Struct {
			eachSetting(v.Field(i), visit)
		}
	}
}

// ofKubernetes are the ends of variables that Kubernetes sets in each container for a service of the name ithildin.
var ofKubernetes = []string{"_SERVICE_HOST", "_SERVICE_PORT", "_PORT", "_TCP", "_ADDR", "_PROTO"}

// warnOfUnknown names each variable that looks like a setting and is none, with the one that may have been meant.
func warnOfUnknown(out io.Writer, environment []string) (unknown int) {
	known := SettingNames()
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, settingPrefix) || strings.HasPrefix(name, settingPrefix+"TEST_") ||
			slices.Contains(known, name) ||
			slices.ContainsFunc(ofKubernetes, func(end string) bool { return strings.HasSuffix(name, end) }) {
			continue
		}
		nearest := slices.MinFunc(known, func(a, b string) int {
			return editDistance(name, a) - editDistance(name, b)
		})
		fmt.Fprintf(out, "ithildin: %s is no setting and is ignored: is %s meant?\n", name, nearest)
		unknown++
	}
	return unknown
}

// WarnOfUnknownSettings writes a line for each variable of the environment that looks like a setting and is none, and
// returns how many there are.
func WarnOfUnknownSettings(out io.Writer) int { return warnOfUnknown(out, os.Environ()) }

// editDistance is how many letters make one name of the other (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
