package login

import (
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"
	_ "time/tzdata" // a container without the database of time zones must know the zone too

	"ithildin/storage"
)

// kyiv is the zone in which pages show times to whoever has told no other: without a script they can't know that of the
// browser, and the people who sign in are in Ukraine. Pages name it, and <time> has the moment itself.
var kyiv = mustZone("Europe/Kyiv")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("login: %v", err)) // it is embedded
	}
	return zone
}

// longestZone bounds the name of a time zone, in bytes.
const longestZone = 64

// zoneOf is the time zone of a person by the claim zoneinfo (OIDC Core 5.1), Kyiv's where they have none.
func zoneOf(user *storage.User) *time.Location {
	var claims struct {
		Zone string `json:"zoneinfo"`
	}
	if json.Unmarshal(user.Profile, &claims) != nil || claims.Zone == "" || claims.Zone == "Local" ||
		len(claims.Zone) > longestZone {
		return kyiv
	}
	if zone, err := time.LoadLocation(claims.Zone); err == nil {
		return zone
	}
	return kyiv
}

// ofPerson has the page show times in the zone of a person.
func (v *view) ofPerson(user *storage.User) *view {
	v.zone = zoneOf(user)
	return v
}

// ZoneNote says which zone the times of the page are in.
func (v *view) ZoneNote() string {
	if v.zone.String() == kyiv.String() {
		return v.Messages.AccountZone
	}
	return strings.ReplaceAll(v.Messages.AccountZoneOther, "{zone}", v.zone.String())
}

// Moment is a time as pages show it.
func (v *view) Moment(at time.Time) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`,
		at.In(v.zone).Format(time.RFC3339), v.localTime(at))) // digits and marks only
}

func (v *view) localTime(at time.Time) string { return at.In(v.zone).Format("02.01.2006, 15:04") }
