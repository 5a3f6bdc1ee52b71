package details

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// maximumListed is how many elements a list in a field may have.
const maximumListed = 20

// longestText is the longest text of a field that names no length, in characters.
const longestText = 200

// numberForm is that of a number: as people write it, so that what they read is what is meant.
var numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?$`)

// fieldLocations is the field in which a detail names the resources that it is for (RFC 9396 2.2).
const fieldLocations = "locations"

// Check holds an object to its type. The error says which member is wrong, and never repeats a value.
func Check(d Detail, t storage.DetailType) error {
	members := make(map[string]any, len(d))
	for name, value := range d {
		if name != "type" {
			members[name] = value
		}
	}
	return checkObject(members, t.Fields, "")
}

func checkObject(object map[string]any, fields []storage.DetailField, path string) error {
	for name := range object {
		if !slices.ContainsFunc(fields, func(f storage.DetailField) bool { return f.Name == name }) {
			return fmt.Errorf("the type has no field %.60q", path+name)
		}
	}
	for _, field := range fields {
		value, there := object[field.Name]
		if !there {
			if field.IsRequired {
				return fmt.Errorf("the field %q is missing", path+field.Name)
			}
			continue
		}
		if err := checkField(value, field, path+field.Name); err != nil {
			return err
		}
	}
	return nil
}

func checkField(value any, field storage.DetailField, path string) error {
	if !field.IsList {
		return checkValue(value, field, path)
	}
	list, isList := value.([]any)
	if !isList || len(list) == 0 || len(list) > maximumListed {
		return fmt.Errorf("the field %q is to be a list of 1 to %d elements", path, maximumListed)
	}
	for i, element := range list {
		if err := checkValue(element, field, path); err != nil {
			return err
		}
		isSame := func(before any) bool { return within(before, element) && within(element, before) }
		if slices.ContainsFunc(list[:i], isSame) {
			return fmt.Errorf("the field %q has an element twice", path)
		}
	}
	return nil
}

func checkValue(value any, field storage.DetailField, path string) error {
	switch field.Kind {
	case storage.DetailText:
		text, isText := value.(string)
		if !isText {
			return fmt.Errorf("the field %q is to be a text", path)
		}
		return checkText(text, field, path)
	case storage.DetailNumber:
		if number, isNumber := value.(json.Number); !isNumber || !numberForm.MatchString(string(number)) {
			return fmt.Errorf("the field %q is to be a number such as 123.50, of 15 digits and 6 decimals at most", path)
		}
	case storage.DetailBoolean:
		if _, isBoolean := value.(bool); !isBoolean {
			return fmt.Errorf("the field %q is to be true or false", path)
		}
	case storage.DetailObject:
		object, isObject := value.(map[string]any)
		if !isObject || len(object) == 0 { // nothing in it is nothing that a person could read and allow
			return fmt.Errorf("the field %q is to be an object with one member or more", path)
		}
		return checkObject(object, field.Fields, path+".")
	default:
		return fmt.Errorf("the field %q is of a kind that is not known", path)
	}
	return nil
}

func checkText(text string, field storage.DetailField, path string) error {
	longest := field.MaximumLength
	if longest == 0 {
		longest = longestText
	}
	switch length := utf8.RuneCountInString(text); {
	case length == 0 || length > longest:
		return fmt.Errorf("the field %q is to have 1 to %d characters", path, longest)
	case len(field.Values) > 0 &&
		!slices.ContainsFunc(field.Values, func(v storage.DetailValue) bool { return v.Value == text }):
		return fmt.Errorf("the field %q has none of the values that it may have", path)
	}
	if strings.ContainsRune(text, utf8.RuneError) { // in the place of half a pair of UTF-16
		return fmt.Errorf("the field %q has a character that is none", path)
	}
	if err := registration.ValidateText(text); err != nil {
		return fmt.Errorf("the field %q %w", path, err)
	}
	return nil
}
