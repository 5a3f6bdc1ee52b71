package login

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"net/http"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

const (
	// deviceQRScale is the width of a module of the picture, in pixels.
	deviceQRScale = 8
	// deviceQRMargin is the width of its white margin, in modules: readers need that much (ISO/IEC 18004 6.3.8).
	deviceQRMargin = 4
)

// DeviceQR writes a picture of an address that a person opens with the camera of a phone (RFC 8628 3.3.1).
func (l *layout) DeviceQR(w http.ResponseWriter, r *http.Request, address string) error {
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return fmt.Errorf("login: QR code: %w", err)
	}
	drawn, err := barcode.Scale(code, code.Bounds().Dx()*deviceQRScale, code.Bounds().Dy()*deviceQRScale)
	if err != nil {
		return fmt.Errorf("login: QR code: %w", err)
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, withMargin(drawn, deviceQRMargin*deviceQRScale)); err != nil {
		return fmt.Errorf("login: QR code: %w", err)
	}
	l.writeHeaders(w, contentPolicy{})
	w.Header().Set("Content-Type", "image/png")
	if r.Method != http.MethodHead {
		_, _ = w.Write(picture.Bytes()) // a device that has gone needs no picture
	}
	return nil
}

// withMargin puts a picture on white.
func withMargin(picture image.Image, width int) image.Image {
	size := picture.Bounds().Size()
	framed := image.NewGray(image.Rect(0, 0, size.X+2*width, size.Y+2*width))
	draw.Draw(framed, framed.Bounds(), image.White, image.Point{}, draw.Src)
	inside := image.Rectangle{Min: image.Pt(width, width), Max: image.Pt(width+size.X, width+size.Y)}
	draw.Draw(framed, inside, picture, picture.Bounds().Min, draw.Src)
	return framed
}
