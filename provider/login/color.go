package login

import (
	"encoding/hex"
	"fmt"
	"html/template"
	"math"
	"regexp"

	"ithildin/provider/inbound"
)

// Color is a colour of sRGB. The zero Color stands for none.
type Color struct {
	red, green, blue uint8
	isSet            bool
}

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// ParseColor reads a colour that is written as CSS does, #rrggbb.
func ParseColor(text string) (Color, error) {
	if !hexColor.MatchString(text) {
		return Color{}, fmt.Errorf("is %q: want a colour such as #1d5fb8", text)
	}
	parts, err := hex.DecodeString(text[1:])
	if err != nil {
		return Color{}, err
	}
	return Color{parts[0], parts[1], parts[2], true}, nil
}

// digits are those of the colour, without the #.
func (c Color) digits() string { return fmt.Sprintf("%02x%02x%02x", c.red, c.green, c.blue) }

func mustColor(text string) Color {
	c, err := ParseColor(text)
	if err != nil {
		panic("login: " + err.Error())
	}
	return c
}

// The colours of pages/style.css with which those of an operator have to contrast: the card, the ground behind it, and
// the text on a button.
var (
	builtInAccent = mustColor("#1d5fb8")
	lightPage     = []Color{mustColor("#ffffff"), mustColor("#f3f5f8")}
	darkPage      = []Color{mustColor("#19212b"), mustColor("#10151c"), mustColor("#0c1a2c")}
)

// leastContrast is that of text and of what is pressed (WCAG 2.2, 1.4.3 and 1.4.11, level AA).
const leastContrast = 4.5

// CheckLight says whether a colour can be that of links and buttons on light pages, CheckDark on dark ones. The error
// states the ratio.
func (c Color) CheckLight() error { return c.check(lightPage) }

// CheckDark is CheckLight for dark pages.
func (c Color) CheckDark() error { return c.check(darkPage) }

func (c Color) check(page []Color) error {
	for _, other := range page {
		if ratio := c.contrast(other); ratio < leastContrast {
			// Rounded down, so that no ratio that is too low reads as one that is not.
			return fmt.Errorf("is #%s, whose contrast with #%s of the pages is %.2f:1: want %.1f:1 at least (WCAG AA)",
				c.digits(), other.digits(), math.Floor(ratio*100)/100, leastContrast)
		}
	}
	return nil
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func (c Color) contrast(other Color) float64 {
	lighter, darker := c.luminance(), other.luminance()
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func (c Color) luminance() float64 {
	linear := func(value uint8) float64 {
		v := float64(value) / math.MaxUint8
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.red) + 0.7152*linear(c.green) + 0.0722*linear(c.blue)
}

// mixed is a fifth of the way to another colour.
func (c Color) mixed(other Color) Color {
	mix := func(a, b uint8) uint8 { return a - a/5 + b/5 }
	return Color{mix(c.red, other.red), mix(c.green, other.green), mix(c.blue, other.blue), true}
}

// applyColors makes the style of the pages with the colours of the operator.
func (l *layout) applyColors() {
	css := builtInStyle
	rule := func(scheme string, accent, hover Color) {
		css += fmt.Sprintf("@media (prefers-color-scheme: %s) { :root { --accent: #%s; --accent-hover: #%s; } }\n", scheme,
			accent.digits(), hover.digits())
	}
	if c := l.operator.Light; c.isSet {
		rule("light", c, c.mixed(mustColor("#000000")))
	}
	if c := l.operator.Dark; c.isSet {
		rule("dark", c, c.mixed(mustColor("#ffffff")))
	}
	l.style, l.styleHash = template.CSS(css), inbound.SourceHash(css)
}

// accent is the colour of the icon, as digits.
func (o Operator) accent() string {
	if o.Light.isSet {
		return o.Light.digits()
	}
	return builtInAccent.digits()
}
