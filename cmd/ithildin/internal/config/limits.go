package config

import (
	"strconv"
	"time"

	"ithildin/provider/identity"
)

// limitFlags say how often somebody may try, and for how long one-time codes and links are good.
type limitFlags struct {
	SignInFailures        string `env:"ITHILDIN_SIGN_IN_FAILURES" placeholder:"N" help:"@sign_in_failures"`
	SignInFailureWindow   string `env:"ITHILDIN_SIGN_IN_FAILURE_WINDOW" placeholder:"MINUTES" help:"@sign_in_window"`
	OneTimeCodeLength     string `env:"ITHILDIN_ONE_TIME_CODE_LENGTH" placeholder:"DIGITS" help:"@code_length"`
	OneTimeCodeLifetime   string `env:"ITHILDIN_ONE_TIME_CODE_LIFETIME" placeholder:"SECONDS" help:"@code_lifetime"`
	OneTimeCodeAttempts   string `env:"ITHILDIN_ONE_TIME_CODE_ATTEMPTS" placeholder:"N" help:"@code_attempts"`
	OneTimeCodeFailures   string `env:"ITHILDIN_ONE_TIME_CODE_FAILURES" placeholder:"N" help:"@code_failures"`
	OneTimeCodesSent      string `env:"ITHILDIN_ONE_TIME_CODES_SENT" placeholder:"N" help:"@codes_sent"`
	OneTimeCodeWindow     string `env:"ITHILDIN_ONE_TIME_CODE_WINDOW" placeholder:"MINUTES" help:"@code_window"`
	PhoneChangeWindow     string `env:"ITHILDIN_PHONE_CHANGE_WINDOW" placeholder:"HOURS" help:"@phone_change_window"`
	PasswordResetLifetime string `env:"ITHILDIN_PASSWORD_RESET_LIFETIME" placeholder:"MINUTES" help:"@reset_life"`
	PasswordResets        string `env:"ITHILDIN_PASSWORD_RESETS" placeholder:"N" help:"@resets"`
	NetworkPasswordResets string `env:"ITHILDIN_NETWORK_PASSWORD_RESETS" placeholder:"N" help:"@network_resets"`
	InvitationFailures    string `env:"ITHILDIN_INVITATION_FAILURES" placeholder:"N" help:"@invitation_failures"`
}

// limit is one of limitFlags: its bounds keep a slip of the pen from switching a protection off.
type limit struct {
	name                      string
	value                     string
	fallback, lowest, highest int
	set                       func(*identity.Limits, int)
}

// list names the flags with their defaults, bounds and fields.
func (f limitFlags) list() []limit {
	d := identity.DefaultLimits()
	return []limit{
		{"ITHILDIN_SIGN_IN_FAILURES", f.SignInFailures, int(d.FailedSignIns), 1, 100,
			func(l *identity.Limits, n int) { l.FailedSignIns = int64(n) }},
		{"ITHILDIN_SIGN_IN_FAILURE_WINDOW", f.SignInFailureWindow, int(d.FailedSignInWindow / time.Minute), 1, 24 * 60,
			func(l *identity.Limits, n int) { l.FailedSignInWindow = time.Duration(n) * time.Minute }},
		{"ITHILDIN_ONE_TIME_CODE_LENGTH", f.OneTimeCodeLength, d.OneTimeCodeLength, 4, 10,
			func(l *identity.Limits, n int) { l.OneTimeCodeLength = n }},
		{"ITHILDIN_ONE_TIME_CODE_LIFETIME", f.OneTimeCodeLifetime, int(d.OneTimeCodeLifetime / time.Second), 30, 3600,
			func(l *identity.Limits, n int) { l.OneTimeCodeLifetime = time.Duration(n) * time.Second }},
		{"ITHILDIN_ONE_TIME_CODE_ATTEMPTS", f.OneTimeCodeAttempts, int(d.OneTimeCodeAttempts), 1, 10,
			func(l *identity.Limits, n int) { l.OneTimeCodeAttempts = int64(n) }},
		{"ITHILDIN_ONE_TIME_CODE_FAILURES", f.OneTimeCodeFailures, int(d.OneTimeCodeFailures), 1, 100,
			func(l *identity.Limits, n int) { l.OneTimeCodeFailures = int64(n) }},
		{"ITHILDIN_ONE_TIME_CODES_SENT", f.OneTimeCodesSent, int(d.OneTimeCodesSent), 1, 30,
			func(l *identity.Limits, n int) { l.OneTimeCodesSent = int64(n) }},
		{"ITHILDIN_ONE_TIME_CODE_WINDOW", f.OneTimeCodeWindow, int(d.OneTimeCodeWindow / time.Minute), 1, 24 * 60,
			func(l *identity.Limits, n int) { l.OneTimeCodeWindow = time.Duration(n) * time.Minute }},
		{"ITHILDIN_PHONE_CHANGE_WINDOW", f.PhoneChangeWindow, int(d.PhoneChangeWindow / time.Hour), 1, 30 * 24,
			func(l *identity.Limits, n int) { l.PhoneChangeWindow = time.Duration(n) * time.Hour }},
		{"ITHILDIN_PASSWORD_RESET_LIFETIME", f.PasswordResetLifetime, int(d.PasswordResetLifetime / time.Minute), 5, 24 * 60,
			func(l *identity.Limits, n int) { l.PasswordResetLifetime = time.Duration(n) * time.Minute }},
		{"ITHILDIN_PASSWORD_RESETS", f.PasswordResets, int(d.PasswordResetsOfAccount), 1, 30,
			func(l *identity.Limits, n int) { l.PasswordResetsOfAccount = int64(n) }},
		{"ITHILDIN_NETWORK_PASSWORD_RESETS", f.NetworkPasswordResets, int(d.PasswordResetsOfNetwork), 1, 10_000,
			func(l *identity.Limits, n int) { l.PasswordResetsOfNetwork = int64(n) }},
		{"ITHILDIN_INVITATION_FAILURES", f.InvitationFailures, int(d.InvitationFailures), 1, 10_000,
			func(l *identity.Limits, n int) { l.InvitationFailures = int64(n) }},
	}
}

func (f limitFlags) load(p *problems) (limits identity.Limits) {
	for _, l := range f.list() {
		l.set(&limits, l.number(p))
	}
	return limits
}

// number is the value of a limit, or its default where none was given.
func (l limit) number(p *problems) int {
	if l.value == "" {
		return l.fallback
	}
	n, err := strconv.Atoi(l.value)
	if err != nil || n < l.lowest || n > l.highest {
		p.add(l.name, "is %q: want a number from %d to %d", l.value, l.lowest, l.highest)
		return l.fallback
	}
	return n
}

// describe lists the limits that the server runs with.
func (f limitFlags) describe() (rows []Setting) {
	for _, l := range f.list() {
		rows = append(rows, Setting{l.name, strconv.Itoa(l.number(&problems{}))})
	}
	return rows
}

// mostOfNetwork bounds what publicRate returns.
const mostOfNetwork = 1_000_000

// publicRate is how many requests that store something for clients of anybody a network may send in an hour.
func publicRate(p *problems, name, value string, fallback int) int64 {
	return int64(limit{name: name, value: value, fallback: fallback, lowest: 1, highest: mostOfNetwork}.number(p))
}
