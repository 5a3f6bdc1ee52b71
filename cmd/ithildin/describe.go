package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
)

// appendRest adds each setting that has no row yet, as it was given. A secret is never a flag, and one that a file holds is shown
// by the name of the file.
func (c configuration) appendRest(rows []settingRow) []settingRow {
	eachSetting(reflect.ValueOf(c), func(name string, value reflect.Value) {
		if !slices.ContainsFunc(rows, func(row settingRow) bool { return row.Name == name }) {
			rows = append(rows, settingRow{name, withoutPassword(fmt.Sprint(value.Interface()))})
		}
	})
	for _, name := range settingNames(c) {
		if !slices.ContainsFunc(rows, func(row settingRow) bool { return row.Name == name }) {
			rows = append(rows, settingRow{name, count(present(os.Getenv(name) != ""), "secret")})
		}
	}
	return rows
}

func networks(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

func present(given bool) int {
	if given {
		return 1
	}
	return 0
}

func count(number int, noun string) string {
	switch number {
	case 0:
		return "none"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", number, noun)
}

// withoutPassword masks the query's password too, which lib/pq takes as well.
func withoutPassword(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Scheme == "sqlite" {
		return databaseURL
	}
	if u.Query().Has("password") {
		query := u.Query()
		query.Set("password", "xxxxx")
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}
