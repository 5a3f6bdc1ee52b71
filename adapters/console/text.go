package console

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The languages of the pages; the first is the default.
const (
	ukrainian = "uk"
	english   = "en"
)

// catalogue has the texts of a language by their keys.
type catalogue map[string]string

var catalogues = map[string]catalogue{ukrainian: readCatalogue(ukrainian), english: readCatalogue(english)}

func readCatalogue(name string) catalogue {
	var c catalogue
	if err := json.Unmarshal(mustRead("texts/"+name+".json"), &c); err != nil {
		panic(fmt.Sprintf("console: texts of %s: %v", name, err)) // they are embedded
	}
	return c
}

// missingText marks a key without a text; a test finds it on a page.
const missingText = "⟦"

// text is a text with the values of pairs, names and values in turn, in place of their names in braces.
func (c catalogue) text(key string, pairs ...string) string {
	text, known := c[key]
	if !known {
		return missingText + key + "⟧"
	}
	if len(pairs) == 0 {
		return text
	}
	replaced := make([]string, len(pairs))
	for i, part := range pairs {
		if replaced[i] = part; i%2 == 0 {
			replaced[i] = "{" + part + "}"
		}
	}
	return strings.NewReplacer(replaced...).Replace(text)
}

// or is a text where there is one, else the fallback.
func (c catalogue) or(key, fallback string) string {
	if text, known := c[key]; known {
		return text
	}
	return fallback
}
