package login

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/provider/inbound"
)

const shapes = `<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">
<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs>
<circle cx="4" cy="4" r="4" fill="url(#a)"/></svg>`

func pngOf(t *testing.T, side int) []byte {
	var content bytes.Buffer
	require.NoError(t, png.Encode(&content, image.NewGray(image.Rect(0, 0, side, side))))
	return content.Bytes()
}

func TestPagesShowNameLogoAndColoursOfTheOperator(t *testing.T) {
	f := newFixture(t)
	b := f.browser()
	require.Equal(t, http.StatusNotFound, b.get(PathLogo).StatusCode)
	before := b.begin("")
	require.NotContains(t, before.body, PathLogo)
	require.Contains(t, before.body, f.host)

	logo, err := NewLogo([]byte(shapes))
	require.NoError(t, err)
	f.operator = Operator{Name: "Портал <1>", Logo: logo, Light: mustColor("#7a1f5c"), Dark: mustColor("#ffb3d9")}
	f.applyColors()
	p := b.begin("")
	require.Contains(t, p.body, "<bdi>Портал &lt;1&gt;</bdi>")
	require.Contains(t, p.body, "<title>Вхід · Портал &lt;1&gt;</title>")
	require.Contains(t, p.body, `<img src="/login/logo" alt="" height="40">`)
	require.Contains(t, p.body, "(prefers-color-scheme: light) { :root { --accent: #7a1f5c; --accent-hover: #62194a; } }")
	require.Contains(t, p.body, "(prefers-color-scheme: dark) { :root { --accent: #ffb3d9;")
	require.Contains(t, p.body, "fill='%237a1f5c'", "the icon")
	policy := p.Header.Get("Content-Security-Policy")
	require.Contains(t, policy, "img-src data: 'self'")
	require.Contains(t, policy, inbound.SourceHash(anyStyle.FindStringSubmatch(p.body)[1]), "the style is let in")

	shown := b.get(PathLogo)
	require.Equal(t, http.StatusOK, shown.StatusCode)
	require.Equal(t, "image/svg+xml", shown.Header.Get("Content-Type"))
	require.Equal(t, shapes, shown.body)
	require.Equal(t, "nosniff", shown.Header.Get("X-Content-Type-Options"))
	require.Contains(t, shown.Header.Get("Content-Security-Policy"), "sandbox")
	b.header.Set("If-None-Match", shown.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, b.get(PathLogo).StatusCode)
}

func TestLogoIsAnImageOfBoundedSize(t *testing.T) {
	logo, err := NewLogo(pngOf(t, 64))
	require.NoError(t, err)
	require.Equal(t, "image/png", logo.contentType)
	for name, content := range map[string][]byte{
		"has more than 51200 bytes": make([]byte, LargestLogo+1), "is 2001×2001 pixels": pngOf(t, 2001),
		"is damaged": pngOf(t, 64)[:60], "is neither": []byte("GIF89a"), "is neither PNG": nil,
		"nor SVG": []byte(`<html><body/></html>`),
	} {
		_, err := NewLogo(content)
		require.ErrorContains(t, err, name)
	}
}

func TestAttackScriptInALogo(t *testing.T) {
	for content, want := range map[string]string{
		`<script>alert(1)</script>`:                                     "the element script",
		`<foreignObject><p/></foreignObject>`:                           "the element foreignObject",
		`<style>@import url(https://evil.example)</style>`:              "the element style",
		`<a href="https://evil.example"><path/></a>`:                    "the element a",
		`<image href="https://evil.example/x.png"/>`:                    "the element image",
		`<path onload="alert(1)"/>`:                                     "the attribute onload",
		`<path style="fill:url(https://evil.example)"/>`:                "the attribute style",
		`<use href="https://evil.example/x.svg#a"/>`:                    "a link of use",
		`<use xmlns:x="http://www.w3.org/1999/xlink" x:href="data:x"/>`: "a link of use",
		`<path fill="url(https://evil.example/#a)"/>`:                   "an address in the attribute fill",
		`<set attributeName="href" to="javascript:alert(1)"/>`:          "the element set",
		`<x:script xmlns:x="http://www.w3.org/1999/xhtml">1</x:script>`: "the element script",
		`<?xml-stylesheet href="https://evil.example"?>`:                "the processing instruction",
		strings.Repeat("<g>", 60):                                       "more than 50 deep",
	} {
		_, err := NewLogo([]byte(`<svg xmlns="http://www.w3.org/2000/svg">` + content + `</svg>`))
		require.ErrorContains(t, err, want, content)
	}
	_, err := NewLogo([]byte(`<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg"/>`))
	require.ErrorContains(t, err, "a document type")
}

func TestColourHasEnoughContrastWithThePages(t *testing.T) {
	black, white := mustColor("#000000"), mustColor("#ffffff")
	require.InDelta(t, 21, black.contrast(white), 0.001)
	require.InDelta(t, 4.54, mustColor("#767676").contrast(white), 0.01, "the known grey of WCAG")
	require.InDelta(t, 1, white.contrast(white), 0.001)
	require.NoError(t, builtInAccent.CheckLight())
	require.ErrorContains(t, mustColor("#767676").CheckLight(), "whose contrast with #f3f5f8 of the pages is 4.1")
	require.NoError(t, mustColor("#8cbaff").CheckDark())
	require.Error(t, builtInAccent.CheckDark())
	for _, wrong := range []string{"", "red", "#fff", "#12345g", "#1234567", "123456"} {
		_, err := ParseColor(wrong)
		require.ErrorContains(t, err, "want a colour")
	}
	for name, colors := range map[string][]Color{"light": append(lightPage, builtInAccent), "dark": darkPage} {
		for _, c := range colors {
			digits := "#" + c.digits()
			require.True(t, strings.Contains(builtInStyle, digits+";") || digits == "#ffffff", "%s: %s is not in style.css",
				name, digits)
		}
	}
}
