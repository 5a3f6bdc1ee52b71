package config

import (
	"fmt"
	"io"
	"os"

	"ithildin/provider/login"
)

// brandFlags say how the pages show whose they are.
type brandFlags struct {
	LogoFile   string `env:"ITHILDIN_LOGO_FILE" placeholder:"PATH" help:"@logo_file"`
	Color      string `env:"ITHILDIN_COLOR" placeholder:"#RRGGBB" help:"@color"`
	ColorDark  string `env:"ITHILDIN_COLOR_DARK" placeholder:"#RRGGBB" help:"The same for dark pages."`
	TextsFile  string `env:"ITHILDIN_TEXTS_FILE" placeholder:"PATH" help:"@texts_file"`
	PlacesFile string `env:"ITHILDIN_PLACES_FILE" placeholder:"PATH" help:"@places_file"`
}

// largestTexts bounds a file of texts, in bytes.
const largestTexts = 512 << 10

// apply puts logo and colours beside what is known of the operator, and returns the texts of the pages.
func (f brandFlags) apply(p *problems, o *login.Operator) *login.Texts {
	o.Light = p.color("ITHILDIN_COLOR", f.Color, login.Color.CheckLight)
	o.Dark = p.color("ITHILDIN_COLOR_DARK", f.ColorDark, login.Color.CheckDark)
	if f.LogoFile != "" {
		content, err := readBounded(f.LogoFile, login.LargestLogo)
		if err == nil {
			o.Logo, err = login.NewLogo(content)
		}
		if err != nil {
			p.add("ITHILDIN_LOGO_FILE", "names %s, which %v", f.LogoFile, err)
		}
	}
	if f.TextsFile == "" {
		return nil
	}
	content, err := readBounded(f.TextsFile, largestTexts)
	var texts *login.Texts
	if err == nil {
		texts, err = login.ReadTexts(content)
	}
	if err != nil {
		p.add("ITHILDIN_TEXTS_FILE", "names %s, whose texts cannot be used: %v (ithildin config texts lists all)",
			f.TextsFile, err)
	}
	return texts
}

// color reads a colour, whose contrast must be enough; "" is none.
func (p *problems) color(name, value string, check func(login.Color) error) login.Color {
	if value == "" {
		return login.Color{}
	}
	c, err := login.ParseColor(value)
	if err == nil {
		err = check(c)
	}
	if err != nil {
		p.add(name, "%v", err)
	}
	return c
}

// largestPlaces bounds a file of places, in bytes.
const largestPlaces = 1 << 20

// places reads where networks are; nil where no file says that.
func (p *problems) places(name, path string) *login.Places {
	if path == "" {
		return nil
	}
	content, err := readBounded(path, largestPlaces)
	var places *login.Places
	if err == nil {
		places, err = login.ReadPlaces(content)
	}
	if err != nil {
		p.add(name, "names %s, whose places cannot be used: %v", path, err)
	}
	return places
}

// readBounded reads a file of so many bytes at most.
func readBounded(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if int64(len(content)) > most {
		return nil, fmt.Errorf("has more than %d bytes", most)
	}
	return content, nil
}
