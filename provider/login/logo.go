package login

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // a kind of logo
	_ "image/png"  // likewise
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Bounds of a logo: its file in bytes, and its width and height in pixels.
const (
	LargestLogo     = 50 << 10
	largestLogoSide = 2000
)

// Logo is an image that the pages show beside the name of the service.
type Logo struct {
	content     []byte
	contentType string
	tag         string // ETag
}

// NewLogo takes a PNG, JPEG or SVG image of LargestLogo bytes at most. Of SVG it takes shapes and text alone: no
// script, no style sheet, nothing from elsewhere.
func NewLogo(content []byte) (*Logo, error) {
	if len(content) > LargestLogo {
		return nil, fmt.Errorf("has more than %d bytes", LargestLogo)
	}
	contentType := ""
	if size, kind, err := image.DecodeConfig(bytes.NewReader(content)); err == nil {
		if size.Width > largestLogoSide || size.Height > largestLogoSide {
			return nil, fmt.Errorf("is %d×%d pixels large: want %d×%d at most", size.Width, size.Height, largestLogoSide,
				largestLogoSide)
		}
		if _, _, err := image.Decode(bytes.NewReader(content)); err != nil {
			return nil, fmt.Errorf("is damaged: %w", err)
		}
		contentType = "image/" + kind
	} else {
		if err := checkSVG(content); err != nil {
			return nil, err
		}
		contentType = "image/svg+xml"
	}
	hash := sha256.Sum256(content)
	return &Logo{
		content: content, contentType: contentType, tag: `"` + base64.RawURLEncoding.EncodeToString(hash[:]) + `"`,
	}, nil
}

// svgElements are the elements that a logo may have. None runs, loads or links to anything.
var svgElements = strings.Fields(`svg g defs title desc path rect circle ellipse line polyline polygon text tspan
linearGradient radialGradient stop clipPath mask symbol use`)

const (
	svgNamespace = "http://www.w3.org/2000/svg"
	// deepestSVG bounds how deep elements may stand in each other.
	deepestSVG = 50
)

var errNoImage = errors.New("is neither PNG nor JPEG nor SVG")

func checkSVG(content []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	depth, elements := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && elements > 0 {
			return nil
		}
		if err != nil {
			return errNoImage
		}
		switch token := token.(type) {
		case xml.StartElement:
			if elements == 0 && (token.Name.Local != "svg" || token.Name.Space != svgNamespace) {
				return errNoImage
			}
			elements++
			if depth++; depth > deepestSVG {
				return fmt.Errorf("has elements more than %d deep", deepestSVG)
			}
			if err := checkSVGElement(token); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errors.New("has a document type, with which SVG may bring in other files")
		case xml.ProcInst:
			if token.Target != "xml" {
				return fmt.Errorf("has the processing instruction %s", token.Target)
			}
		}
	}
}

func checkSVGElement(element xml.StartElement) error {
	if element.Name.Space != svgNamespace || !slices.Contains(svgElements, element.Name.Local) {
		return fmt.Errorf("has the element %s: want shapes and text alone", element.Name.Local)
	}
	for _, attribute := range element.Attr {
		name, value := strings.ToLower(attribute.Name.Local), strings.ToLower(strings.TrimSpace(attribute.Value))
		switch {
		case strings.HasPrefix(name, "on"), name == "style", attribute.Name.Space != "" && name == "base":
			return fmt.Errorf("has the attribute %s of %s", attribute.Name.Local, element.Name.Local)
		case name == "href" && !strings.HasPrefix(value, "#"):
			return fmt.Errorf("has a link of %s to something outside of the file", element.Name.Local)
		case strings.Contains(strings.ReplaceAll(value, "url(#", ""), "url("), strings.Contains(value, "javascript:"):
			return fmt.Errorf("has an address in the attribute %s of %s", attribute.Name.Local, element.Name.Local)
		}
	}
	return nil
}

// showLogo serves the logo. Opened by its address, it is no document that could do anything.
func (l *layout) showLogo(w http.ResponseWriter, r *http.Request) error {
	logo := l.operator.Logo
	if logo == nil {
		return errNoPage
	}
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Content-Type", logo.contentType)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", logo.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(logo.content))
	return nil
}
