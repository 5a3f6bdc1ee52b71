package identity

import (
	"context"

	"ithildin/storage"
)

// passwordsBefore is how many passwords before the present one may not be taken again: the last three are refused.
const passwordsBefore = 2

// PasswordExpired says whether a user must choose another password before anything else: the present one is older than
// the operator lets it get, or the operator set it and asked for another. One that was never set has no age.
func (s *Service) PasswordExpired(u *storage.User) bool {
	lifetime := s.components.PasswordLifetime
	return u.MustChangePassword || lifetime > 0 && u.Password != "" &&
		!u.PasswordSetAt.After(s.now().Add(-lifetime))
}

// ChangePassword gives a user another password: neither the present one nor one of those remembered before it. Errors:
// those of the rule, ErrPasswordUsed, ErrBusy.
func (s *Service) ChangePassword(ctx context.Context, userID, password string, rule PasswordRule) error {
	phc, err := s.HashNewPassword(ctx, userID, password, rule)
	if err != nil {
		return err
	}
	return s.store.SetPassword(ctx, userID, phc)
}

// ChangePasswordByToken is ChangePassword by the bearer of a change_password_token, which it uses up. Errors: also
// storage.ErrUsed.
func (s *Service) ChangePasswordByToken(
	ctx context.Context, t *storage.AccessToken, password string, rule PasswordRule,
) error {
	phc, err := s.HashNewPassword(ctx, t.UserID, password, rule)
	if err != nil {
		return err
	}
	return s.store.SetPasswordByToken(ctx, t, phc)
}

// IsPasswordOf says whether a user, whoever asks, has that password. It counts no failures: only an administrator may
// ask. Errors: ErrBusy.
func (s *Service) IsPasswordOf(ctx context.Context, user *storage.User, password string) (bool, error) {
	ok, _, err := s.passwords.Verify(ctx, user.Password, password)
	return ok, err
}

// HashPassword makes the hash of the first password of a user. Errors: those of the rule, ErrBusy.
func (s *Service) HashPassword(ctx context.Context, password string, rule PasswordRule) (string, error) {
	if err := rule(password); err != nil {
		return "", err
	}
	return s.passwords.Hash(ctx, password)
}

// HashNewPassword makes the hash of a password that a user may take.
func (s *Service) HashNewPassword(
	ctx context.Context, userID, password string, rule PasswordRule,
) (string, error) {
	user, err := s.store.FindUser(ctx, userID)
	if err != nil {
		return "", err
	}
	if err := rule(password, user.Email, s.host); err != nil {
		return "", err
	}
	known, err := s.store.PasswordHistory(ctx, userID)
	if err != nil {
		return "", err
	}
	for _, phc := range append([]string{user.Password}, known[:min(len(known), passwordsBefore)]...) {
		if phc == "" {
			continue
		}
		used, _, err := s.passwords.Verify(ctx, phc, password)
		if err != nil {
			return "", err
		}
		if used {
			return "", ErrPasswordUsed
		}
	}
	return s.passwords.Hash(ctx, password)
}
