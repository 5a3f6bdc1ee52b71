package details

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// The bounds of a type: fields on a level, levels of objects, values that a field may have, bytes of its name.
const (
	maximumFields = 30
	maximumDepth  = 3
	maximumValues = 50
	longestName   = 200
)

var (
	typeForm  = regexp.MustCompile(`^[!#-\[\]-~]+$`)
	fieldForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,59}$`)
)

// kinds are those of fields.
var kinds = []string{storage.DetailText, storage.DetailNumber, storage.DetailBoolean, storage.DetailObject}

// ValidateType names everything that is wrong with a type.
func ValidateType(t storage.DetailType) error {
	var problems []error
	if len(t.Type) > longestName || !typeForm.MatchString(t.Type) {
		problems = append(problems, fmt.Errorf("the type is %.60q: want 1 to %d visible characters of ASCII", t.Type,
			longestName))
	}
	problems = append(problems, validateTitles("type", t.TitleUkrainian, t.TitleEnglish))
	return errors.Join(append(problems, validateFields(t.Fields, "", 1))...)
}

func validateTitles(of, inUkrainian, inEnglish string) error {
	var problems []error
	for _, title := range []struct{ name, text string }{{"title_uk", inUkrainian}, {"title_en", inEnglish}} {
		if title.text == "" {
			problems = append(problems, fmt.Errorf("%s: %s is required", of, title.name))
		}
		if err := registration.ValidateText(title.text); err != nil {
			problems = append(problems, fmt.Errorf("%s: %s %w", of, title.name, err))
		}
	}
	return errors.Join(problems...)
}

func validateFields(fields []storage.DetailField, path string, depth int) error {
	if len(fields) > maximumFields {
		return fmt.Errorf("%s has %d fields: want %d at most", path, len(fields), maximumFields)
	}
	if len(fields) > 0 && depth > maximumDepth {
		return fmt.Errorf("the fields of %s are on level %d: want %d levels at most", path, depth, maximumDepth)
	}
	var problems []error
	for i, field := range fields {
		name := path + field.Name
		if !fieldForm.MatchString(field.Name) || depth == 1 && field.Name == "type" {
			problems = append(problems, fmt.Errorf("the field %.60q has no name that a field may have", name))
		}
		if slices.ContainsFunc(fields[:i], func(f storage.DetailField) bool { return f.Name == field.Name }) {
			problems = append(problems, fmt.Errorf("the field %.60q is there twice", name))
		}
		problems = append(problems, validateTitles(name, field.TitleUkrainian, field.TitleEnglish),
			validateField(field, name, depth))
	}
	return errors.Join(problems...)
}

// validateField checks what a field says of its values.
func validateField(field storage.DetailField, name string, depth int) error {
	isText, isObject := field.Kind == storage.DetailText, field.Kind == storage.DetailObject
	switch {
	case !slices.Contains(kinds, field.Kind):
		return fmt.Errorf("%s: kind is %.30q: want one of %v", name, field.Kind, kinds)
	case isObject != (len(field.Fields) > 0):
		return fmt.Errorf("%s: an object has fields, and nothing else has", name)
	case !isText && (len(field.Values) > 0 || field.MaximumLength != 0):
		return fmt.Errorf("%s: values and maximum_length are for the kind text", name)
	case field.MaximumLength < 0 || field.MaximumLength > registration.MaximumText:
		return fmt.Errorf("%s: maximum_length is %d: want %d at most", name, field.MaximumLength, registration.MaximumText)
	case len(field.Values) > maximumValues:
		return fmt.Errorf("%s has %d values: want %d at most", name, len(field.Values), maximumValues)
	case depth == 1 && field.Name == fieldLocations && !(isText && field.IsList):
		return fmt.Errorf("%s: it names resources (RFC 9396 2.2), so it is a list of texts", name)
	}
	problems := []error{validateFields(field.Fields, name+".", depth+1)}
	for i, value := range field.Values {
		if err := registration.ValidateText(value.Value); err != nil || value.Value == "" {
			problems = append(problems, fmt.Errorf("%s: value %d is empty or has characters that can't be seen", name, i+1))
		}
		problems = append(problems, validateTitles(fmt.Sprintf("%s, value %d", name, i+1), value.TitleUkrainian,
			value.TitleEnglish))
	}
	return errors.Join(problems...)
}
