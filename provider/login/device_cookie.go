package login

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"ithildin/storage"
)

// The device cookie says who has signed in in a browser before. It signs nobody in. A person whom it names is counted
// by their browser and not by their account, so that guesses from elsewhere do not keep them out
// (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies). The server keeps no row of
// it, and nobody reads in it who else uses a shared computer: it is sealed.

const (
	deviceCookie = "ithildin-device"
	// deviceLifetime is how long a browser is known after a sign-in.
	deviceLifetime = 180 * 24 * time.Hour
	// deviceUsers is how many people a browser is known for, the latest: a ward shares a computer.
	deviceUsers = 8
	// maximumDevice bounds the cookie in bytes.
	maximumDevice = 2 << 10
)

// device is what the cookie holds; the zero device knows nobody.
type device struct {
	ID    string       `json:"id"` // random; it stays when others sign in
	Users []deviceUser `json:"users"`
}

// deviceUser is a completed sign-in of a user.
type deviceUser struct {
	ID string `json:"id"`
	// PasswordSetAt is that of the user's password then: with another password, the browser is not known any more.
	PasswordSetAt int64 `json:"password_set_at"`
	At            int64 `json:"at"` // epoch seconds
}

// knows says whether the user has signed in with the present password on the device. Nobody is known who is blocked.
func (d device) knows(user *storage.User, now time.Time) bool {
	return !user.IsBlocked && slices.ContainsFunc(d.Users, func(known deviceUser) bool {
		return known.ID == user.ID && known.PasswordSetAt == user.PasswordSetAt &&
			now.Before(time.Unix(known.At, 0).Add(deviceLifetime))
	})
}

// device opens the cookie of a browser. What is not ours is the same as no cookie.
func (s *Service) device(r *http.Request) (device, error) {
	cookie, err := r.Cookie(s.cookieName(deviceCookie))
	if err != nil || len(cookie.Value) > maximumDevice {
		return device{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cookie.Value)
	if err != nil {
		return device{}, nil
	}
	aead, err := newSealer(s.deviceKey)
	if err != nil {
		return device{}, err
	}
	var known device
	plaintext, err := openWith(aead, raw, deviceCookie)
	if err != nil || json.Unmarshal(plaintext, &known) != nil {
		return device{}, nil
	}
	return known, nil
}

// rememberDevice lets the browser know a user who has just proved who they are.
func (s *Service) rememberDevice(w http.ResponseWriter, r *http.Request, user *storage.User) error {
	known, err := s.device(r)
	if err != nil {
		return err
	}
	if known.ID == "" {
		known.ID = s.store.NewID()
	}
	now := s.now()
	others := slices.DeleteFunc(known.Users, func(other deviceUser) bool {
		return other.ID == user.ID || !now.Before(time.Unix(other.At, 0).Add(deviceLifetime))
	})
	latest := deviceUser{ID: user.ID, PasswordSetAt: user.PasswordSetAt, At: now.Unix()}
	known.Users = append([]deviceUser{latest}, others[:min(len(others), deviceUsers-1)]...)
	plaintext, err := json.Marshal(known)
	if err != nil {
		return err
	}
	aead, err := newSealer(s.deviceKey)
	if err != nil {
		return err
	}
	sealed, err := s.sealWith(aead, plaintext, deviceCookie)
	if err != nil {
		return err
	}
	s.setCookie(w, deviceCookie, sealed, int(deviceLifetime/time.Second))
	return nil
}
