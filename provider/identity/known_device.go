package identity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

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
	ID    string // random, a UUID; it stays when others sign in
	Users []DeviceUser
}

// DeviceUser is a completed sign-in of a user.
type DeviceUser struct {
	ID string // a UUID
	// PasswordSetAt is that of the user's password then: with another password, the device is not known any more.
	PasswordSetAt time.Time
	At            time.Time
}

// Knows says whether the user has signed in with the present password on the device. Nobody is known who is blocked.
func (d Device) Knows(user *storage.User, now time.Time) bool {
	return d.KnowsWithin(user, now, DeviceLifetime)
}

// KnowsWithin is Knows for what was within a time before now alone.
func (d Device) KnowsWithin(user *storage.User, now time.Time, within time.Duration) bool {
	return !user.IsBlocked && slices.ContainsFunc(d.Users, func(known DeviceUser) bool {
		return known.ID == user.ID && known.PasswordSetAt.Equal(user.PasswordSetAt) && now.Before(known.At.Add(within))
	})
}

// Remember is the device after a user, who has just proved who they are, has signed in on it; newID names one that had
// none.
func (d Device) Remember(user *storage.User, now time.Time, newID func() string) Device {
	latest := Device{ID: d.ID, Users: []DeviceUser{{ID: user.ID, PasswordSetAt: user.PasswordSetAt, At: now}}}
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

// The form of a Device in bytes: its id, then the id, PasswordSetAt and At of each user, the
// times in seconds. It is short, since a proxy has
// little room for the header of an answer, and nginx by default one page of memory.
const (
	deviceSize     = len(uuid.UUID{})
	deviceUserSize = deviceSize + 8 + 8
)

// MarshalBinary implements encoding.BinaryMarshaler. It fails for an id that is no UUID.
func (d Device) MarshalBinary() ([]byte, error) {
	id, err := uuid.Parse(d.ID)
	if err != nil {
		return nil, fmt.Errorf("identity: the id of a device: %w", err)
	}
	encoded := id[:]
	for _, u := range d.Users {
		userID, err := uuid.Parse(u.ID)
		if err != nil {
			return nil, fmt.Errorf("identity: the id of a user: %w", err)
		}
		encoded = append(encoded, userID[:]...)
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(storage.EpochSeconds(u.PasswordSetAt)))
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(storage.EpochSeconds(u.At)))
	}
	return encoded, nil
}

// UnmarshalBinary implements encoding.BinaryUnmarshaler.
func (d *Device) UnmarshalBinary(encoded []byte) error {
	if len(encoded) < deviceSize || (len(encoded)-deviceSize)%deviceUserSize != 0 {
		return errors.New("identity: not a device")
	}
	*d = Device{ID: uuid.UUID(encoded[:deviceSize]).String()}
	for u := range slices.Chunk(encoded[deviceSize:], deviceUserSize) {
		d.Users = append(d.Users, DeviceUser{
			ID:            uuid.UUID(u[:deviceSize]).String(),
			PasswordSetAt: storage.FromEpochSeconds(int64(binary.BigEndian.Uint64(u[deviceSize:]))),
			At:            storage.FromEpochSeconds(int64(binary.BigEndian.Uint64(u[deviceSize+8:]))),
		})
	}
	return nil
}

func (u DeviceUser) isOver(now time.Time) bool {
	return !now.Before(u.At.Add(DeviceLifetime))
}
