package config

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

// settingTexts says what the settings mean: "# " and the names of settings that belong together, "default: " where the
// default depends on something, then a paragraph of Markdown.
//
//go:embed settings.md
var settingTexts string

// WriteSettings writes the table of settings of docs/configuration.md, as Markdown: the names and defaults are those of
// the program, the meanings those of settings.md. The error names a setting without a text, or a text without a
// setting.
func WriteSettings(w io.Writer) error {
	var table strings.Builder
	table.WriteString("| name | default | meaning |\n|---|---|---|\n")
	defaults, missing := defaultSettings(), SettingNames()
	for text := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSpace(settingTexts), "# "), "\n\n# ") {
		heading, paragraph, _ := strings.Cut(text, "\n")
		names := strings.Fields(heading)
		for _, name := range names {
			at := slices.Index(missing, name)
			if at < 0 {
				return fmt.Errorf("config: settings.md describes %s, which is no setting or was described before", name)
			}
			missing = slices.Delete(missing, at, at+1)
		}
		byDefault := defaults[names[0]]
		if first, rest, _ := strings.Cut(paragraph, "\n"); strings.HasPrefix(first, "default: ") {
			byDefault, paragraph = strings.TrimPrefix(first, "default: "), rest
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", strings.Join(names, "`, `"), byDefault,
			strings.ReplaceAll(paragraph, "\n", " "))
	}
	if len(missing) > 0 {
		return fmt.Errorf("config: settings.md does not describe %s", strings.Join(missing, ", "))
	}
	_, err := io.WriteString(w, table.String())
	return err
}

// defaultSettings returns what the server runs with where nothing is set but an issuer and a collector, without which
// the settings of traces have no value, as Markdown.
func defaultSettings() map[string]string {
	flags := Flags{Issuer: "https://id.example.com", telemetryFlags: telemetryFlags{OTLPEndpoint: "http://127.0.0.1:4318"}}
	settings, _ := flags.Load() // the secrets that it misses have no default
	defaults := map[string]string{}
	for _, setting := range flags.Describe(settings) {
		defaults[setting.Name] = "none"
		if setting.Value != "" && !isSecret(setting.Name) {
			defaults[setting.Name] = "`" + setting.Value + "`"
		}
	}
	return defaults
}
