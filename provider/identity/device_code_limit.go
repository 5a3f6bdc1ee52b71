package identity

import (
	"context"
	"errors"
	"net/http"
	"time"

	"ithildin/provider/inbound"
)

// How many wrong codes of devices (RFC 8628 5.1) are taken within the window: from a network and over all, of people
// who are not signed in, and from an account. Past the first two a person signs in before a code is looked at, so that
// whoever guesses locks nobody out: neither the others behind their address, nor everybody.
const (
	deviceCodesOfNetwork = 10
	deviceCodesOfAll     = 100
	deviceCodesOfAccount = 10
	// DeviceCodeWindow is that window.
	DeviceCodeWindow = 10 * time.Minute
)

var (
	// ErrDeviceCodeSignIn says that too many wrong codes came from the network, or over all, for a code to be looked at of
	// somebody who is not signed in.
	ErrDeviceCodeSignIn = errors.New("identity: too many wrong codes of devices without a sign-in")
	// ErrDeviceCodeLimited says that too many wrong codes came from the account.
	ErrDeviceCodeLimited = errors.New("identity: too many wrong codes of devices from the account")
)

// DeviceCodes counts the codes of devices that people type.
type DeviceCodes struct{ *Service }

// DeviceCodeGuess is a code of a device that somebody has typed, and that counts as wrong until it is found right.
type DeviceCodeGuess struct {
	service *Service
	rows    []string
}

// Count counts a code that somebody types before it is looked at, so that parallel guesses see each other;
// userID is who is signed in, "" for nobody. With ErrDeviceCodeSignIn and ErrDeviceCodeLimited the code must not be
// looked at.
func (s DeviceCodes) Count(r *http.Request, userID string) (DeviceCodeGuess, error) {
	limits, exceeded := []signInLimit{
		{kind: "device codes of a network", value: inbound.Network(s.clientAddress(r)), most: deviceCodesOfNetwork},
		{kind: "device codes", most: deviceCodesOfAll},
	}, ErrDeviceCodeSignIn
	if userID != "" {
		limits, exceeded = []signInLimit{
			{kind: "device codes of an account", value: userID, most: deviceCodesOfAccount},
		}, ErrDeviceCodeLimited
	}
	// Whoever closes the connection is counted too.
	ctx, cancel := whateverTheClientDoes(r.Context())
	defer cancel()
	var subjects [][]byte
	for _, limit := range limits {
		subject, err := s.store.SignInSubject(ctx, limit.kind, limit.value)
		if err != nil {
			return DeviceCodeGuess{}, err
		}
		subjects = append(subjects, subject)
	}
	// What is over a limit already is not stored, so that a storm of guesses does not fill the table.
	within, err := s.isWithin(ctx, limits, subjects, 1)
	if err != nil {
		return DeviceCodeGuess{}, err
	}
	if !within {
		return DeviceCodeGuess{}, exceeded
	}
	guess := DeviceCodeGuess{service: s.Service}
	if guess.rows, err = s.store.RecordSignInFailure(ctx, subjects, s.now().Add(DeviceCodeWindow)); err != nil {
		return DeviceCodeGuess{}, err
	}
	within, err = s.isWithin(ctx, limits, subjects, 0)
	if err == nil && !within {
		err = exceeded
	}
	return guess, err
}

// isWithin says whether so many more failures would be within each of the limits.
func (s DeviceCodes) isWithin(ctx context.Context, limits []signInLimit, subjects [][]byte, more int64) (bool, error) {
	counts, err := s.store.CountSignInFailures(ctx, subjects, s.now().Add(-DeviceCodeWindow))
	if err != nil {
		return false, err
	}
	for n, limit := range limits {
		if counts[n]+more > limit.most {
			return false, nil
		}
	}
	return true, nil
}

// WasRight takes the count back: the code is that of a device.
func (g DeviceCodeGuess) WasRight(ctx context.Context) error {
	return g.service.forgetCounted(ctx, g.rows)
}
