package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
)

func TestContactOfTheOperatorIsReadEachIntoItsPlace(t *testing.T) {
	var p problems
	require.Equal(t, login.Operator{
		Help:  login.Words{Ukrainian: "Пишіть нам.", English: "Write to us."},
		Hours: login.Words{Ukrainian: "Пн–Пт", English: "Mon–Fri"},
		Mail:  "help@example.org", Phone: "(044) 123-45-67",
		TermsURI: "https://example.org/terms", PrivacyURI: "https://example.org/privacy",
	}, operatorFlags{
		" Пишіть нам. ", "Write to us.", "help@example.org", "(044) 123-45-67", "Пн–Пт", "Mon–Fri",
		"https://example.org/terms", "https://example.org/privacy",
	}.load(&p))
	require.Equal(t, login.Operator{}, operatorFlags{}.load(&p))
	require.NoError(t, p.err())
}

func TestContactOfTheOperatorThatIsWrongIsNamed(t *testing.T) {
	for name, wrong := range map[string]operatorFlags{
		"ITHILDIN_HELP_TEXT has":     {HelpText: strings.Repeat("ї", 401)},
		"ITHILDIN_HELP_TEXT_EN has":  {HelpTextEN: "two\nlines"},
		"ITHILDIN_HELP_HOURS has":    {HelpHours: strings.Repeat("ї", 101), HelpPhone: "112"},
		"ITHILDIN_HELP_HOURS is set": {HelpHoursEN: "always"},
		"ITHILDIN_HELP_MAIL is":      {HelpMail: "Help <help@example.org>"},
		"ITHILDIN_HELP_PHONE is":     {HelpPhone: "javascript:1"},
		"ITHILDIN_TERMS_URL is":      {TermsURL: "http://example.org"},
		"ITHILDIN_PRIVACY_URL is":    {PrivacyURL: "javascript:alert(1)"},
	} {
		var p problems
		wrong.load(&p)
		require.ErrorContains(t, p.err(), name)
	}
}
