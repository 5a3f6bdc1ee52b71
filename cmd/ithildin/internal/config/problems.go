package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ithildin/cmd/ithildin/internal/console"
)

// problems collects what is wrong with a configuration.
type problems []error

func (p *problems) add(name, format string, values ...any) {
	*p = append(*p, fmt.Errorf("%s %s", name, fmt.Sprintf(format, values...)))
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &console.UsageError{
		Cause: fmt.Errorf("the configuration is wrong:\n  %s", strings.ReplaceAll(errors.Join(p...).Error(), "\n", "\n  ")),
		Hint:  "ithildin serve --help describes every setting",
	}
}

// number reads a number from 1 to most; an empty value is the fallback.
func (p *problems) number(name, value string, fallback, most int) int {
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		p.add(name, "is %q: want a number from 1 to %d", value, most)
	}
	return n
}
func (p *problems) duration(name, value string, most time.Duration) time.Duration {
	if value == "0" {
		value = "0s"
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > most {
		p.add(name, "is %q: want a duration from 0s to %v, such as 5s", value, most)
	}
	return d
}

// separated are the values of a list, between which there are commas or blanks.
func separated(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
