package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/login"
)

func TestLogoColoursAndTextsOfTheOperatorAreRead(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	logo := write("logo.svg", `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle r="4"/></svg>`)
	texts := write("texts.json", `{"en": {"sign_in": "Come in"}}`)
	var p problems
	var o login.Operator
	require.NotNil(t, brandFlags{LogoFile: logo, Color: "#1d5fb8", ColorDark: "#8cbaff", TextsFile: texts}.apply(&p, &o))
	require.NotNil(t, o.Logo)
	require.NotEqual(t, login.Color{}, o.Light)
	require.NotEqual(t, login.Color{}, o.Dark)
	require.Nil(t, brandFlags{}.apply(&p, &login.Operator{}))
	require.NoError(t, p.err())

	p.places("ITHILDIN_PLACES_FILE", write("places", "10.0.0.0/8 Clinic"))
	require.NoError(t, p.err())
	p.places("ITHILDIN_PLACES_FILE", write("no-places", "Clinic 10.0.0.0/8"))
	require.ErrorContains(t, p.err(), `whose places cannot be used: line 1: "Clinic" is no network`)

	for want, wrong := range map[string]brandFlags{
		"ITHILDIN_COLOR is #ffcc00, whose contrast with #ffffff of the pages is 1.51:1: want 4.5:1": {Color: "#ffcc00"},
		"ITHILDIN_COLOR_DARK is #1d5fb8, whose contrast with #19212b of the pages is 2.61:1": {
			ColorDark: "#1d5fb8"},
		`ITHILDIN_COLOR is "blue"`:              {Color: "blue"},
		"which cannot be read":                  {LogoFile: filepath.Join(folder, "nothing")},
		"which has more than 51200 bytes":       {LogoFile: write("large.png", strings.Repeat("x", 51<<10))},
		"which is neither PNG nor JPEG nor SVG": {LogoFile: texts},
		"sign_inn of en is no text":             {TextsFile: write("unknown.json", `{"en": {"sign_inn": "x"}}`)},
		"(ithildin config texts lists all)":     {TextsFile: write("broken.json", `{"en"`)},
	} {
		var p problems
		wrong.apply(&p, &login.Operator{})
		require.ErrorContains(t, p.err(), want)
	}
}
