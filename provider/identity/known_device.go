package identity

import (
	"slices"
	"time"

	"ithildin/storage"
)

const (
	// DeviceLifetime is how long a device is known after a sign-in.
	DeviceLifetime = 180 * 24 * time.Hour
	// deviceUsers is how many people a device is known for, the latest: a ward shares a computer.
	deviceUsers = 8
)

// Device is a browser in which people have signed in before; the zero Device knows nobody. Whoever keeps one seals it,
// since it is believed.
type Device struct {
	ID    string       `json:"id"` // random; it stays when others sign in
	Users []DeviceUser `json:"users"`
}

// DeviceUser is a completed sign-in of a user.
type DeviceUser struct {
	ID string `json:"id"`
	// PasswordSetAt is that of the user's password then: with another password, the device is not known any more.
	PasswordSetAt int64 `json:"password_set_at"`
	At            int64 `json:"at"` // epoch seconds
}

// Knows says whether the user has signed in with the present password on the device. Nobody is known who is blocked.
func (d Device) Knows(user *storage.User, now time.Time) bool {
	return !user.IsBlocked && slices.ContainsFunc(d.Users, func(known DeviceUser) bool {
		return known.ID == user.ID && known.PasswordSetAt == user.PasswordSetAt && !known.isOver(now)
	})
}

// Remember is the device after a user, who has just proved who they are, has signed in on it; newID names one that had
// none.
func (d Device) Remember(user *storage.User, now time.Time, newID func() string) Device {
	latest := Device{ID: d.ID, Users: []DeviceUser{{ID: user.ID, PasswordSetAt: user.PasswordSetAt, At: now.Unix()}}}
	if latest.ID == "" {
		latest.ID = newID()
	}
	for _, other := range d.Users {
		if other.ID != user.ID && !other.isOver(now) && len(latest.Users) < deviceUsers {
			latest.Users = append(latest.Users, other)
		}
	}
	return latest
}

func (u DeviceUser) isOver(now time.Time) bool {
	return !now.Before(time.Unix(u.At, 0).Add(DeviceLifetime))
}
