package login

import (
	"encoding/json"
	"fmt"

	"ithildin/storage"
)

// ConsentDetail is an authorization detail that a person is asked to allow (RFC 9396): its members, and its type, which
// has the words for them.
type ConsentDetail struct {
	Type  storage.DetailType
	Value map[string]any
}

// detailView is a detail in words.
type detailView struct {
	Title string
	Lines []detailLine
}

// detailLine is a field in words. What the client wrote is in Values alone.
type detailLine struct {
	Label  string
	Values []string
}

// withinObject says of which object a field is.
const withinObject = " › "

// describeDetail puts a detail into words, in the order of the fields of its type.
func describeDetail(d ConsentDetail, v *view) detailView {
	return detailView{
		Title: titleOf(d.Type.TitleUkrainian, d.Type.TitleEnglish, d.Type.Type, v.Language),
		Lines: describeFields(d.Type.Fields, d.Value, "", v),
	}
}

func describeFields(fields []storage.DetailField, object map[string]any, prefix string, v *view) (lines []detailLine) {
	for _, field := range fields {
		value, there := object[field.Name]
		if !there {
			continue
		}
		label := prefix + titleOf(field.TitleUkrainian, field.TitleEnglish, field.Name, v.Language)
		list, isList := value.([]any)
		if !isList {
			list = []any{value}
		}
		if field.Kind == storage.DetailObject {
			for i, element := range list {
				of := label
				if isList {
					of = fmt.Sprintf("%s %d", label, i+1)
				}
				members, _ := element.(map[string]any)
				lines = append(lines, describeFields(field.Fields, members, of+withinObject, v)...)
			}
			continue
		}
		line := detailLine{Label: label}
		for _, element := range list {
			line.Values = append(line.Values, describeValue(field, element, v))
		}
		lines = append(lines, line)
	}
	return lines
}

// describeValue is a value in the words of its type, else as it is.
func describeValue(field storage.DetailField, value any, v *view) string {
	switch value := value.(type) {
	case bool:
		if value {
			return v.Messages.DetailYes
		}
		return v.Messages.DetailNo
	case json.Number:
		return value.String()
	case string:
		for _, known := range field.Values {
			if known.Value == value {
				return titleOf(known.TitleUkrainian, known.TitleEnglish, known.Value, v.Language)
			}
		}
		return value
	}
	return fmt.Sprint(value)
}
