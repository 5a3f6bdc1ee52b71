package login

import (
	"fmt"
	"html/template"
	"time"
	_ "time/tzdata" // a container without the database of time zones must know the zone too
)

// kyiv is the zone in which pages show times: without a script they can't know that of the browser, and the people who
// sign in are in Ukraine. Pages name it, and <time> has the moment itself.
var kyiv = mustZone("Europe/Kyiv")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("login: %v", err)) // it is embedded
	}
	return zone
}

// Moment is a time as pages show it.
func (v *view) Moment(at time.Time) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`,
		at.In(kyiv).Format(time.RFC3339), localTime(at))) // digits and marks only
}

func localTime(at time.Time) string { return at.In(kyiv).Format("02.01.2006, 15:04") }
