package identity

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"ithildin/storage"
)

// RememberedBrowsers are the browsers in which people are not asked for a second factor for a time.
type RememberedBrowsers struct{ *Service }

// Lifetime is for how long a browser is remembered; 0: none is.
func (s RememberedBrowsers) Lifetime() time.Duration { return s.components.RememberBrowser }

// Knows says whether a user who has proved the password is known in a browser, and it is remembered for them. The
// device must know the present password: whoever changes it is asked again everywhere.
func (s RememberedBrowsers) Knows(ctx context.Context, user *storage.User, device Device) (bool, error) {
	if s.Lifetime() == 0 || device.ID == "" || !device.Knows(user, s.now()) {
		return false, nil
	}
	browsers, err := s.store.ListRememberedBrowsers(ctx, user.ID)
	hash := storage.Hash(device.ID)
	return slices.ContainsFunc(browsers, func(b storage.RememberedBrowser) bool {
		return bytes.Equal(b.DeviceHash, hash)
	}), err
}

// Remember notes that a person who has shown a second factor wants to be asked for none in a browser, and keeps that in
// the audit. Where no browser is remembered, it does nothing.
func (s RememberedBrowsers) Remember(r *http.Request, user *storage.User, device Device, userAgent string) error {
	if s.Lifetime() == 0 {
		return nil
	}
	now := s.now()
	err := s.store.RememberBrowser(r.Context(), storage.RememberedBrowser{
		ID: s.store.NewID(), UserID: user.ID, DeviceHash: storage.Hash(device.ID), UserAgent: userAgent,
		Address: s.clientAddress(r), CreatedAt: now, ExpiresAt: now.Add(s.Lifetime()),
	})
	if err != nil {
		return err
	}
	return s.Record(r, storage.Event{Kind: storage.EventBrowserRemembered, UserID: user.ID})
}

// Forget ends that a browser of a user is remembered, and keeps that in the audit. Errors: storage.ErrNotFound.
func (s RememberedBrowsers) Forget(r *http.Request, userID, id string) error {
	if err := s.store.ForgetBrowser(r.Context(), userID, id); err != nil {
		return err
	}
	return s.Record(r, storage.Event{Kind: storage.EventBrowserForgotten, UserID: userID})
}
