package login

import (
	"cmp"
	"net/http"
	"strings"
	"unicode"
)

// maximumUserAgent bounds what is kept of a User-Agent, in bytes.
const maximumUserAgent = 256

// userAgent is what is kept of the browser's name for itself: bounded, and without what no name has.
func userAgent(r *http.Request) string {
	given := r.UserAgent()
	if len(given) > maximumUserAgent {
		given = given[:maximumUserAgent]
	}
	return strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) && c != unicode.ReplacementChar {
			return c
		}
		return -1
	}, strings.ToValidUTF8(given, ""))
}

// sign is a text by which a User-Agent is recognised.
type sign struct{ content, name string }

// browsers and systems are looked through in order: most browsers also say that they are another one.
var (
	browsers = []sign{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = []sign{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"}, {"Linux", "Linux"},
	}
)

// deviceName says browser and system, as far as the User-Agent names them; "" where it names neither.
func deviceName(userAgent string) string {
	var known []string
	for _, signs := range [][]sign{browsers, systems} {
		for _, sign := range signs {
			if strings.Contains(userAgent, sign.content) {
				known = append(known, sign.name)
				break
			}
		}
	}
	return strings.Join(known, " · ")
}

// The kinds of devices.
const (
	devicePhone    = "phone"
	deviceTablet   = "tablet"
	deviceComputer = "computer"
)

// kinds are looked through in order, as browsers and systems are: a tablet with Android does not say Mobile, which a
// phone does.
var kinds = []sign{
	{"iPad", deviceTablet}, {"Tablet", deviceTablet}, {"iPhone", devicePhone}, {"Mobile", devicePhone},
	{"Android", deviceTablet}, {"Windows", deviceComputer}, {"CrOS", deviceComputer}, {"Mac OS X", deviceComputer},
	{"Linux", deviceComputer},
}

// deviceKind says what kind of device a browser runs on, "" where the User-Agent does not tell.
func deviceKind(userAgent string) string {
	for _, kind := range kinds {
		if strings.Contains(userAgent, kind.content) {
			return kind.name
		}
	}
	return ""
}

// deviceTitle is what the pages call a device: its kind, browser and system, as far as they are known.
func (t *messageSet) deviceTitle(userAgent string) string {
	kind, name := t.Devices[deviceKind(userAgent)], deviceName(userAgent)
	if kind == "" || name == "" {
		return cmp.Or(kind, name)
	}
	return kind + " · " + name
}
