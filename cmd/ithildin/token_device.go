package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"

	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/oauth"
)

type tokenDeviceCommand struct {
	relyingParty
	Scope []string `sep:" " default:"openid" help:"Scopes to request."`
	QR    bool     `name:"qr" default:"true" negatable:"" help:"Show the address as a QR code too."`
}

// Help shows how the verb is used.
func (tokenDeviceCommand) Help() string {
	return `It is for a machine without a browser: it shows a code and the address at which a person types it, on any
device with a browser, and waits for the answer (RFC 8628).

Example:

    echo demo-secret | ithildin token device --client-id demo --client-secret-file - --scope "openid email"`
}

// begunDevice is the answer of the device authorization endpoint (RFC 8628 3.2).
type begunDevice struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	Complete        string `json:"verification_uri_complete"`
	ExpiresIn       int64  `json:"expires_in"`
	Interval        int64  `json:"interval"`
}

// slowDown is by how much a device polls less often each time that it is told to (RFC 8628 3.5).
const slowDown = 5 * time.Second

// Run prints the token answer.
func (c *tokenDeviceCommand) Run(ctx context.Context, terminal console.Terminal) error {
	found, err := c.discover(ctx)
	if err != nil {
		return err
	}
	if found.Device == "" {
		return errors.New("the server has no device authorization endpoint")
	}
	secret, err := c.readSecret(terminal)
	if err != nil {
		return err
	}
	status, body, err := c.ask(ctx, found.Device, secret, url.Values{"scope": {strings.Join(c.Scope, " ")}})
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return oauthError(status, body)
	}
	var begun begunDevice
	if err := json.Unmarshal(body, &begun); err != nil || begun.DeviceCode == "" || begun.ExpiresIn <= 0 {
		return errors.New("the answer of the device authorization endpoint is none of RFC 8628")
	}
	if err := c.show(terminal, begun); err != nil {
		return err
	}
	return c.poll(ctx, terminal, found.Token, secret, begun)
}

func (c *tokenDeviceCommand) show(terminal console.Terminal, begun begunDevice) error {
	fmt.Fprintf(terminal.Err, "Open this in a browser, on any device:\n\n  %s\n\nand enter the code %s\n\n",
		begun.VerificationURI, begun.UserCode)
	if !c.QR || begun.Complete == "" {
		return nil
	}
	drawn, err := drawQR(begun.Complete)
	if err != nil {
		return err
	}
	fmt.Fprintln(terminal.Err, drawn)
	return nil
}

// poll asks for the tokens until the person has answered, or the code has expired.
func (c *tokenDeviceCommand) poll(
	ctx context.Context, terminal console.Terminal, endpoint, secret string, begun begunDevice,
) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(begun.ExpiresIn)*time.Second)
	defer cancel()
	interval := time.Duration(cmp.Or(begun.Interval, 5)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return errors.New("nobody answered in time")
		case <-time.After(interval):
		}
		status, body, err := c.ask(ctx, endpoint, secret, url.Values{
			"grant_type": {oauth.GrantTypeDeviceCode}, "device_code": {begun.DeviceCode},
		})
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			return printAnswer(terminal, body)
		}
		var refused struct {
			Error string `json:"error"`
		}
		_ = json.Unmarshal(body, &refused) // what is no JSON has no error, and ends the verb
		switch refused.Error {
		case oauth.CodeAuthorizationPending:
		case oauth.CodeSlowDown:
			interval += slowDown
		default:
			return oauthError(status, body)
		}
	}
}

// drawQR draws a QR code in characters, two modules one above the other in each, light on the dark of a terminal.
func drawQR(address string) (string, error) {
	code, err := qr.Encode(address, qr.L, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("QR code: %w", err)
	}
	const margin = 2
	size := code.Bounds().Dx()
	isLight := func(x, y int) bool {
		if x < 0 || y < 0 || x >= size || y >= size {
			return true
		}
		red, _, _, _ := code.At(x, y).RGBA()
		return red > 0
	}
	var text strings.Builder
	for y := -margin; y < size+margin; y += 2 {
		for x := -margin; x < size+margin; x++ {
			switch above, below := isLight(x, y), isLight(x, y+1); {
			case above && below:
				text.WriteRune('█')
			case above:
				text.WriteRune('▀')
			case below:
				text.WriteRune('▄')
			default:
				text.WriteRune(' ')
			}
		}
		text.WriteRune('\n')
	}
	return text.String(), nil
}
