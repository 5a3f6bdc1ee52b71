package login

import (
	"encoding/base64"
	"net/http"
	"time"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// The device cookie says who has signed in in a browser before. It signs nobody in. A person whom it names is counted
// by their browser and not by their account, so that guesses from elsewhere do not keep them out
// (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies). The server keeps no row of
// it, and nobody reads in it who else uses a shared computer: it is sealed.

const (
	deviceCookie = "ithildin-device"
	// maximumDevice bounds the cookie in bytes.
	maximumDevice = 512
)

// devices seals and opens the device cookie.
type devices struct {
	*cookies
	now   func() time.Time
	newID func() string
	key   []byte
}

// read opens the cookie of a browser. What is not ours is the same as no cookie.
func (d *devices) read(r *http.Request) (identity.Device, error) {
	cookie, err := r.Cookie(d.cookieName(deviceCookie))
	if err != nil || len(cookie.Value) > maximumDevice {
		return identity.Device{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil {
		return identity.Device{}, nil
	}
	aead, err := newSealer(d.key)
	if err != nil {
		return identity.Device{}, err
	}
	var known identity.Device
	plaintext, err := openWith(aead, raw, deviceCookie)
	if err != nil || known.UnmarshalBinary(plaintext) != nil {
		return identity.Device{}, nil
	}
	return known, nil
}

// remember lets the browser know a user who has just proved who they are.
func (d *devices) remember(w http.ResponseWriter, r *http.Request, user *storage.User) error {
	known, err := d.read(r)
	if err != nil {
		return err
	}
	plaintext, err := known.Remember(user, d.now(), d.newID).MarshalBinary()
	if err != nil {
		return err
	}
	aead, err := newSealer(d.key)
	if err != nil {
		return err
	}
	sealed, err := sealWith(d.random, aead, plaintext, deviceCookie)
	if err != nil {
		return err
	}
	d.setCookie(w, deviceCookie, sealed, int(identity.DeviceLifetime/time.Second))
	return nil
}
