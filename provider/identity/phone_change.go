package identity

import (
	"context"
	"errors"

	"ithildin/storage"
)

// ErrPhoneChangeLimited says that a user has changed their phone within Limits.PhoneChangeWindow.
var ErrPhoneChangeLimited = errors.New("identity: the phone was changed a short time ago")

const phoneChangeKind = "phone change"

// IsPhoneChangeLimited says whether ChangePhone would refuse the user for now.
func (s *Service) IsPhoneChangeLimited(ctx context.Context, userID string) (bool, error) {
	subject, err := s.store.SignInSubject(ctx, phoneChangeKind, userID)
	if err != nil {
		return false, err
	}
	counts, err := s.store.CountSignInFailures(ctx, [][]byte{subject}, s.now().Add(-s.Limits().PhoneChangeWindow))
	return err == nil && counts[0] > 0, err
}

// ChangePhone replaces the phone of a user who has proved to have both numbers, once within Limits.PhoneChangeWindow.
// It counts the change before it makes it, so that parallel ones see each other. Errors: ErrPhoneChangeLimited;
// storage.ErrConflict, where the phone is another one by now.
func (s *Service) ChangePhone(ctx context.Context, f storage.AuthenticationFactor, number string) error {
	rows, within, err := limit{phoneChangeKind, f.UserID, s.Limits().PhoneChangeWindow, 1}.count(ctx, s)
	if err == nil && !within {
		err = ErrPhoneChangeLimited
	}
	if err == nil {
		before := f.Factor
		f.Factor = number
		err = s.store.ReplaceAuthenticationFactor(ctx, f, before)
	}
	if err != nil {
		return errors.Join(err, s.forgetCounted(ctx, rows))
	}
	return nil
}
