package login

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts are what the pages say, by language and key. A key is the name of a field of the built-in texts, in small
// letters with underscores; of a group of texts, the names are separated by dots: factors.kinds.TOTP.
type Texts struct{ byLanguage map[string]*messageSet }

// longestText bounds a text of an operator, in characters.
const longestText = 1000

// placeholder is a part of a text that a page fills in.
var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// ListTexts lists the built-in texts by language and key, in the form that ReadTexts takes.
func ListTexts() map[string]map[string]string {
	list := map[string]map[string]string{}
	for language, set := range messages {
		list[language] = listTexts(set)
	}
	return list
}

func listTexts(set *messageSet) map[string]string {
	texts := map[string]string{}
	rewriteTexts(reflect.ValueOf(set), "", func(key, text string) string {
		texts[key] = text
		return text
	})
	return texts
}

// ReadTexts puts texts of an operator into the place of built-in ones. The content is a JSON object with an object for
// each language, from keys to texts; what is not in it stays. A text is words and never markup, and has the
// placeholders that the built-in text has. The error names each key that is unknown and each text that may not be.
func ReadTexts(content []byte) (*Texts, error) {
	given := map[string]map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&given); err != nil {
		return nil, fmt.Errorf(`want {"uk": {"key": "text"}}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has something behind its JSON object")
	}
	texts := &Texts{byLanguage: map[string]*messageSet{}}
	var problems []string
	for language, set := range messages {
		overriding := given[language]
		used := map[string]bool{}
		rewritten := rewriteTexts(reflect.ValueOf(set), "", func(key, text string) string {
			override, there := overriding[key]
			if !there {
				return text
			}
			used[key] = true
			if problem := checkOverride(text, override); problem != "" {
				problems = append(problems, fmt.Sprintf("%s of %s %s", key, language, problem))
			}
			return override
		})
		own, _ := rewritten.Interface().(*messageSet)
		own.language = set.language
		texts.byLanguage[language] = own
		for key := range overriding {
			if !used[key] {
				problems = append(problems, fmt.Sprintf("%s of %s is no text of the pages", key, language))
			}
		}
	}
	for language := range given {
		if !known(language) {
			problems = append(problems, fmt.Sprintf("%q is no language of the pages: want uk or en", language))
		}
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return texts, nil
}

// checkOverride says what is wrong with the text of an operator in the place of a built-in one, "" for nothing.
func checkOverride(text, override string) string {
	want, got := placeholders(text), placeholders(override)
	switch {
	case strings.TrimSpace(override) == "":
		return "is empty"
	case utf8.RuneCountInString(override) > longestText:
		return fmt.Sprintf("has more than %d characters", longestText)
	case strings.ContainsFunc(override, unicode.IsControl):
		return "has a line end or another control character"
	case !slices.Equal(want, got) && len(want) == 0:
		return fmt.Sprintf("has the placeholder %s: the text has none", strings.Join(got, " "))
	case !slices.Equal(want, got):
		return fmt.Sprintf("has the placeholders [%s]: want [%s]", strings.Join(got, " "), strings.Join(want, " "))
	case strings.ContainsAny(placeholder.ReplaceAllString(override, ""), "{}"):
		return "has a brace that is no placeholder"
	}
	return ""
}

// placeholders are those of a text, each once, in the order of their names.
func placeholders(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// rewriteTexts makes a copy of texts in which each is what rewrite returns for its key and for what it was.
func rewriteTexts(v reflect.Value, key string, rewrite func(key, text string) string) reflect.Value {
	switch copied := reflect.New(v.Type()).Elem(); v.Kind() {
	case reflect.String:
		copied.SetString(rewrite(key, v.String()))
		return copied
	case reflect.Pointer:
		copied.Set(reflect.New(v.Type().Elem()))
		copied.Elem().Set(rewriteTexts(v.Elem(), key, rewrite))
		return copied
	case reflect.Map:
		copied.Set(reflect.MakeMap(v.Type()))
		for _, name := range v.MapKeys() {
			copied.SetMapIndex(name, rewriteTexts(v.MapIndex(name), below(key, name.String()), rewrite))
		}
		return copied
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			name := field.Tag.Get("key")
			if name == "" {
				name = inSmallLetters(field.Name)
			}
			copied.Field(i).Set(rewriteTexts(v.Field(i), below(key, name), rewrite))
		}
		return copied
	}
	panic("login: a text of the kind " + v.Kind().String())
}

func below(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// inSmallLetters writes the name of a field as a key: TaxID is tax_id, and QRCodeAlt is qr_code_alt.
func inSmallLetters(name string) string {
	var key strings.Builder
	letters := []rune(name)
	for i, letter := range letters {
		if i > 0 && unicode.IsUpper(letter) &&
			(unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			key.WriteByte('_')
		}
		key.WriteRune(unicode.ToLower(letter))
	}
	return key.String()
}
