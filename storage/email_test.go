package storage

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestEmailAddressIsNormalized(t *testing.T) {
	for given, want := range map[string]string{
		" Doctor@Example.COM ":           "doctor@example.com",
		"ЛІКАР@Клініка.УКР":              "лікар@клініка.укр",
		"лікар@xn--80atadk3mb.xn--j1amh": "лікар@клініка.укр",
		"лікар@XN--80ATADK3MB.XN--J1AMH": "лікар@клініка.укр",
		norm.NFD.String("їжак@київ.укр"): "їжак@київ.укр",
		"doctor@ｅｘａｍｐｌｅ.com":             "doctor@example.com",
		"doctor@xn--broken-.com":         "doctor@xn--broken-.com",
		`"a@b"@example.com`:              `"a@b"@example.com`,
		"nobody":                         "nobody",
		"":                               "",
	} {
		require.Equal(t, want, CanonicalEmail(given), given)
		require.Equal(t, want, CanonicalEmail(want), "the form of a form is itself")
		require.Contains(t, emailForms(given), want)
	}
	require.Len(t, emailForms("doctor@example.com"), 1, "most addresses are looked up as they were")
}
