package console

import (
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"
)

// FormatFlag is for a verb that prints rows. A row is a struct whose JSON names are the columns.
type FormatFlag struct {
	Format string `enum:"table,json" default:"table" help:"table or json."`
}

// PrintRows writes rows as a table with a line each, or as a JSON array.
func PrintRows[T any](out io.Writer, f FormatFlag, rows []T) error {
	if f.Format == "json" {
		return PrintJSON(out, append([]T{}, rows...)) // [] rather than null
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.ToUpper(strings.Join(columns(reflect.TypeFor[T]()), "\t")))
	for _, row := range rows {
		value := reflect.ValueOf(row)
		cells := make([]string, value.NumField())
		for i := range cells {
			cells[i] = cell(value.Field(i))
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}

// PrintRecord writes one row as a line for each column, or as a JSON object.
func PrintRecord(out io.Writer, f FormatFlag, record any) error {
	if f.Format == "json" {
		return PrintJSON(out, record)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	value := reflect.ValueOf(record)
	for i, name := range columns(value.Type()) {
		if content := cell(value.Field(i)); content != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, content)
		}
	}
	return table.Flush()
}

// PrintJSON writes a value as indented JSON.
func PrintJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func columns(row reflect.Type) []string {
	names := make([]string, row.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(row.Field(i).Tag.Get("json"), ",")
	}
	return names
}

func cell(value reflect.Value) string {
	switch v := value.Interface().(type) {
	case string:
		return v
	case []string:
		return strings.Join(v, " ")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case encoding.TextMarshaler:
		encoded, err := v.MarshalText()
		if err != nil {
			return err.Error()
		}
		return string(encoded)
	case int64, int:
		return fmt.Sprint(v)
	}
	encoded, err := json.Marshal(value.Interface())
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}

// Moment is a time that is printed as RFC 3339 says, and not at all where it is zero.
type Moment time.Time

// MarshalText implements encoding.TextMarshaler.
func (m Moment) MarshalText() ([]byte, error) {
	if time.Time(m).IsZero() {
		return nil, nil
	}
	return time.Time(m).UTC().AppendFormat(nil, time.RFC3339), nil
}

// Count says how many of something there are, with "none" for 0; the plural of noun is made with an s.
func Count(number int, noun string) string {
	switch number {
	case 0:
		return "none"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", number, noun)
}
