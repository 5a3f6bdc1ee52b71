package login

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestPlaceOfAnAddressIsThatOfTheSmallestNetwork(t *testing.T) {
	places, err := ReadPlaces([]byte("# the clinic\n\n10.0.0.0/8 Мережа\n10.20.0.0/16\tКлініка на Подолі\n" +
		"2001:db8::/32 Office <1>\n10.20.30.40/32 Реєстратура\n"))
	require.NoError(t, err)
	for address, want := range map[string]string{
		"10.20.30.40": "Реєстратура", "10.20.1.1": "Клініка на Подолі", "10.1.1.1": "Мережа",
		"::ffff:10.1.1.1": "Мережа", "2001:db8::1": "Office <1>", "192.0.2.1": "", "": "", "nothing": "",
	} {
		require.Equal(t, want, places.of(address), address)
	}
	require.Empty(t, (*Places)(nil).of("10.1.1.1"))
}

func TestPlacesThatMayNotBeAreNamed(t *testing.T) {
	var many strings.Builder
	for i := range mostPlaces + 1 {
		fmt.Fprintf(&many, "10.%d.%d.0/24 x\n", i/256, i%256)
	}
	for content, want := range map[string]string{
		"10.0.0.0/8":                            "line 1: want a network and the name of a place",
		"\n10.0.0.0 Clinic":                     `line 2: "10.0.0.0" is no network`,
		"10.0.0.0/8 " + strings.Repeat("ї", 81): "more than 80 characters",
		"10.0.0.0/8 a\x00b":                     "some that are none",
		many.String():                           "has more than 10000 networks",
	} {
		_, err := ReadPlaces([]byte(content))
		require.ErrorContains(t, err, want)
	}
}

func TestDevicesAreOfAKind(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) Safari/604.1":                 deviceTablet,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile Safari/604.1": devicePhone,
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/131.0 Mobile Safari/537.36": devicePhone,
		"Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/131.0 Safari/537.36":        deviceTablet,
		"Mozilla/5.0 (Android 14; Tablet; rv:132.0) Gecko/132.0 Firefox/132.0":       deviceTablet,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0 Safari/537.36":       deviceComputer,
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":     deviceComputer,
		"curl/8.0": "",
	} {
		require.Equal(t, want, deviceKind(userAgent), userAgent)
	}
	require.Equal(t, "Телефон · Chrome · Android", messages[ukrainian].deviceTitle("Android Mobile Chrome/1"))
	require.Empty(t, messages[ukrainian].deviceTitle("curl/8.0"))
}

func TestAccountShowsTimesInTheZoneOfThePersonAndPlaces(t *testing.T) {
	f := newFixture(t)
	places, err := ReadPlaces([]byte("127.0.0.0/8 Клініка <1>"))
	require.NoError(t, err)
	b := f.browser()
	b.header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14) Chrome/131.0 Mobile Safari/537.36")
	b.signIn(b.begin(""), testEmail, testPassword)
	p := b.get(PathAccount)
	require.Contains(t, p.body, "Телефон · Chrome · Android")
	require.Contains(t, p.body, "24.11.2026, 11:00")
	require.NotContains(t, p.body, "Клініка")

	f.places = places
	user, err := f.store.FindUser(t.Context(), f.userID)
	require.NoError(t, err)
	user.Profile = json.RawMessage(`{"zoneinfo":"America/New_York"}`)
	require.NoError(t, f.store.UpdateUser(t.Context(), *user))
	p = b.get(PathAccount)
	require.Contains(t, p.body, "<bdi>Клініка &lt;1&gt;</bdi> · IP-адреса <bdi>127.0.0.1</bdi>")
	require.Contains(t, p.body, `<time datetime="2026-11-24T04:00:00-05:00">24.11.2026, 04:00</time>`)
	require.Contains(t, p.body, "Час указано за поясом America/New_York.")
	for _, zone := range []string{"../../etc/passwd", "Local", "Nowhere/City", strings.Repeat("x", 100), "/etc/x"} {
		profile, err := json.Marshal(map[string]string{"zoneinfo": zone})
		require.NoError(t, err)
		require.Equal(t, kyiv, zoneOf(&storage.User{Profile: profile}), zone)
	}
	require.Equal(t, kyiv, zoneOf(&storage.User{Profile: json.RawMessage(`[]`)}))
}
