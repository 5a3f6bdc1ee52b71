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
	// linkCookie says, in the form of the device cookie, who has just set their password by a link in this browser: they
	// have shown that the mailbox is theirs.
	linkCookie = "ithildin-link"
	// linkLifetime is for how long that counts.
	linkLifetime = 30 * time.Minute
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

// read opens the device cookie of a browser. What is not ours is the same as no cookie.
func (d *devices) read(r *http.Request) (identity.Device, error) { return d.open(r, deviceCookie) }

func (d *devices) open(r *http.Request, name string) (identity.Device, error) {
	cookie, err := r.Cookie(d.cookieName(name))
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
	plaintext, err := openWith(aead, raw, name)
	if err != nil || known.UnmarshalBinary(plaintext) != nil {
		return identity.Device{}, nil
	}
	return known, nil
}

// remember lets the browser know a user who has just proved who they are, and returns what it knows then.
func (d *devices) remember(w http.ResponseWriter, r *http.Request, user *storage.User) (identity.Device, error) {
	known, err := d.read(r)
	if err != nil {
		return known, err
	}
	known = known.Remember(user, d.now(), d.newID)
	return known, d.keep(w, deviceCookie, known, identity.DeviceLifetime)
}

// rememberLink notes that a user has set their password by a link in this browser.
func (d *devices) rememberLink(w http.ResponseWriter, user *storage.User) error {
	return d.keep(w, linkCookie, identity.Device{}.Remember(user, d.now(), d.newID), linkLifetime)
}

// followedLink says whether a user has set their present password by a link in this browser, a short time ago.
func (d *devices) followedLink(r *http.Request, user *storage.User) (bool, error) {
	known, err := d.open(r, linkCookie)
	return err == nil && known.KnowsWithin(user, d.now(), linkLifetime), err
}

func (d *devices) keep(w http.ResponseWriter, name string, known identity.Device, lifetime time.Duration) error {
	plaintext, err := known.MarshalBinary()
	if err != nil {
		return err
	}
	aead, err := newSealer(d.key)
	if err != nil {
		return err
	}
	sealed, err := sealWith(d.random, aead, plaintext, name)
	if err != nil {
		return err
	}
	d.setCookie(w, name, sealed, int(lifetime/time.Second))
	return nil
}
