package console

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ithildin/storage"
)

// screen is the content of most pages.
type screen struct {
	Crumbs   []link // the pages above this one
	Lead     string
	Notice   string   // what has just been done
	Alerts   []string // what needs attention
	Mark     *mark    // the state of what the page is about, beside its title
	Filter   *filter
	Saved    *savedViews
	Charts   []chart
	Facts    []fact
	Actions  []link // lead to the pages of actions
	Sections []section
}

// mark is a state, in words; its tone is "good", "bad" or "".
type mark struct{ Text, Tone string }

// fact is a line of what is known.
type fact struct {
	Label string
	Cell  cell
}

// section is a part of a page with a heading.
type section struct {
	ID, Title, Lead string
	Actions         []link
	Table           *table
	Folded          bool // its table is opened by whoever wants to see it
}

// table is a list. On a narrow screen each row becomes a card, with the names of the columns.
type table struct {
	Label   string // for a screen reader
	Columns []string
	Rows    [][]cell
	Empty   string // in place of no rows
	Count   string // how many there are in all
	Next    string // the address of the next page; "" on the last
	First   string // and of the first, from a later one
}

// cell is what a table or a fact shows: a text with what belongs to it. Empty ones show a dash.
type cell struct {
	Text    string
	Href    string
	Note    string    // smaller, below
	Tone    string    // of a mark: "good", "bad" or "plain"; "" for text
	Time    time.Time // in place of Text
	HasTime bool
	Code    bool // an id or a scope, to be copied
	Words   []string
	Actions []link
	Value   int64 // of a gauge, of which Most is much
	Most    int64
}

func text(value string) cell            { return cell{Text: value} }
func code(value string) cell            { return cell{Text: value, Code: true} }
func to(value, href string) cell        { return cell{Text: value, Href: href} }
func moment(at time.Time) cell          { return cell{Time: at, HasTime: true} }
func marked(value, tone string) cell    { return cell{Text: value, Tone: tone} }
func gauge(value, most int64) cell      { return cell{Text: number(value), Value: value, Most: most} }
func words(values []string) cell        { return cell{Words: values} }
func (c cell) with(note string) cell    { c.Note = note; return c }
func (c cell) doing(links ...link) cell { c.Actions = links; return c }

// IsEmpty returns whether there is nothing to show.
func (c cell) IsEmpty() bool {
	return c.Text == "" && !c.HasTime && len(c.Words) == 0 && c.Note == "" && len(c.Actions) == 0
}

// filter is the form above a list, and the filters that are set.
type filter struct {
	Action string
	Fields []field
	Chips  []link // each removes one filter
	Views  []link // set several filters at once
}

// field is an input of a form.
type field struct {
	Name, Label, Type string // Type: text, password, datetime-local, select or textarea
	Value, Hint       string
	Required, Wrong   bool
	Options           []option
}

// ID is that of the input on its page.
func (f field) ID() string { return "field-" + f.Name }

// option is one of a select.
type option struct {
	Value, Label string
	Selected     bool
}

// list is what the query of a list asks for, and what it is known to mean.
type list struct {
	v     *visit
	query url.Values
	form  filter
}

// newList begins the filters of the list at the address of the visit.
func newList(v *visit) *list {
	return &list{v: v, query: v.r.URL.Query(), form: filter{Action: v.r.URL.Path}}
}

// longestFilter bounds the value of a filter, in bytes.
const longestFilter = 200

// value is what a filter is set to, "" where it is not.
func (l *list) value(name string) string {
	value := l.query.Get(name)
	if len(value) > longestFilter {
		return ""
	}
	return value
}

// text adds a filter by a text, whose label is the text of key.
func (l *list) text(name, key string) string {
	value := l.value(name)
	l.form.Fields = append(l.form.Fields, field{Name: name, Label: l.v.T(key), Type: "text", Value: value})
	l.chip(name, l.v.T(key), value)
	return value
}

// minuteForm is how a browser sends a time without its zone (HTML, local date and time strings).
const minuteForm = "2006-01-02T15:04"

// minute adds a filter by a minute of Kyiv, zero where it is not set. A day alone stands for its minute at clock, such
// as "00:00".
func (l *list) minute(name, key, clock string) time.Time {
	value := l.value(name)
	if _, err := time.Parse(time.DateOnly, value); err == nil {
		value += "T" + clock
	}
	at, err := time.ParseInLocation(minuteForm, value, kyiv)
	if err != nil {
		at, value = time.Time{}, ""
	}
	l.form.Fields = append(l.form.Fields, field{Name: name, Label: l.v.T(key), Type: "datetime-local", Value: value})
	if value != "" {
		l.chip(name, l.v.T(key), at.Format(shownMinute))
	}
	return at
}

// choice adds a filter by one of the options; a value that is none of them counts as not set.
func (l *list) choice(name, key string, options ...option) string {
	value, chosen := l.value(name), ""
	all := append([]option{{Value: "", Label: l.v.T("filter.any")}}, options...)
	for i := range all {
		if all[i].Selected = all[i].Value == value; all[i].Selected && value != "" {
			chosen = value
			l.chip(name, l.v.T(key), all[i].Label)
		}
	}
	l.form.Fields = append(l.form.Fields, field{Name: name, Label: l.v.T(key), Type: "select", Options: all})
	return chosen
}

// shows puts a name in place of the value of a filter that is set. The field keeps the value: several may have a name.
func (l *list) shows(filter, name string) {
	for _, f := range l.form.Fields {
		for at, chip := range l.form.Chips {
			if f.Name == filter && chip.Text == f.Label+": "+f.Value {
				l.form.Chips[at].Text = f.Label + ": " + name
			}
		}
	}
}

// chip adds the link that removes a filter, where it is set.
func (l *list) chip(name, label, shown string) {
	if shown == "" {
		return
	}
	rest := l.without(name, "after")
	l.form.Chips = append(l.form.Chips, link{label + ": " + shown, l.v.r.URL.Path + rest})
}

// without is the query without some parameters, with its question mark.
func (l *list) without(names ...string) string {
	rest := url.Values{}
	for name, values := range l.query {
		rest[name] = values
	}
	for _, name := range names {
		rest.Del(name)
	}
	if len(rest) == 0 {
		return ""
	}
	return "?" + rest.Encode()
}

// pageSize is how many rows a list shows.
const pageSize = 50

// page is the part of the list that is asked for.
func (l *list) page() storage.Page { return storage.Page{Size: pageSize, After: l.query.Get("after")} }

// finish adds to a table where it goes on, and how many rows there are.
func (l *list) finish(t *table, total storage.Total) {
	t.Count = l.v.T("list.count", "n", strconv.FormatInt(total.Entries, 10))
	if l.query.Get("after") != "" {
		t.First = l.v.r.URL.Path + l.without("after")
	}
	l.next(t, total.Next)
}

// next adds where a table goes on, behind a cursor.
func (l *list) next(t *table, cursor string) {
	if cursor == "" {
		return
	}
	rest := url.Values{}
	for name, values := range l.query {
		rest[name] = values
	}
	rest.Set("after", cursor)
	t.Next = l.v.r.URL.Path + "?" + rest.Encode()
}

// boolean is a filter of yes or no by its value.
func boolean(value, yes, no string) *bool {
	switch value {
	case yes:
		return new(true)
	case no:
		return new(false)
	}
	return nil
}

// show writes a screen, with the notice of an action that has just been done.
func show(v *visit, title string, s *screen) error {
	v.Title = title
	if done := v.r.URL.Query().Get("done"); done != "" {
		s.Notice = v.text.or("action."+done+".done", "")
	}
	return v.write(http.StatusOK, "screen.html", s)
}
