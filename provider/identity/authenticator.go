package identity

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"ithildin/storage"
)

// Authenticator apps know one form of TOTP alone, all of them: SHA-1, six digits, steps of 30 seconds (RFC 6238 1.2).
const (
	authenticatorStep   = 30 * time.Second
	authenticatorDigits = otp.DigitsSix
	// authenticatorDrift is by how many steps a clock may be wrong, either way (RFC 6238 5.2 and 6).
	authenticatorDrift = 1
	// authenticatorSecret is the length of a secret in bytes, that of the hash (RFC 4226 4, R6).
	authenticatorSecret = 20
)

var secretEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewAuthenticatorSecret makes a secret for an app.
func (s Factors) NewAuthenticatorSecret() ([]byte, error) {
	secret := make([]byte, authenticatorSecret)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return nil, fmt.Errorf("identity: no randomness: %w", err)
	}
	return secret, nil
}

// AuthenticatorKey is a secret of a user as apps take it: typed (Secret, in base32) or as a QR code (Image, URL).
func (s Factors) AuthenticatorKey(email string, secret []byte) (*otp.Key, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: s.host, AccountName: email, Secret: secret, Period: uint(authenticatorStep / time.Second),
		Digits: authenticatorDigits, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return nil, fmt.Errorf("identity: key of an authenticator: %w", err)
	}
	return key, nil
}

// stepOf says of which time step a code is, the steps around now alone. Each is compared in constant time, whether or
// not another was the one.
func stepOf(secret []byte, code string, now time.Time) (step int64, right bool) {
	encoded := secretEncoding.EncodeToString(secret)
	at := now.Unix() / int64(authenticatorStep/time.Second)
	for candidate := at - authenticatorDrift; candidate <= at+authenticatorDrift; candidate++ {
		same, err := hotp.ValidateCustom(code, uint64(max(candidate, 0)), encoded, hotp.ValidateOpts{
			Digits: authenticatorDigits, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && same {
			step, right = candidate, true
		}
	}
	return step, right
}

// VerifyAuthenticator takes a code of one of the user's authenticators once. Failures are limited and counted as those
// of codes by SMS. Errors: ErrOneTimeCodeInvalid, maybe with ErrOneTimeCodeLastTry or ErrOneTimeCodeBlocked;
// ErrSignInLimited.
func (s Factors) VerifyAuthenticator(ctx context.Context, userID, code string) error {
	return s.verifySecondFactor(ctx, MethodAuthenticator, userID, func(ctx context.Context) error {
		authenticators, err := s.store.ListAuthenticators(ctx, userID)
		if err != nil {
			return err
		}
		failure := ErrOneTimeCodeInvalid
		for _, a := range authenticators {
			step, right := stepOf(a.Secret, code, s.now())
			if !right || !a.IsActive {
				continue
			}
			err := s.store.UseAuthenticator(ctx, a.ID, step)
			if !errors.Is(err, storage.ErrUsed) {
				return err
			}
			failure = errCodeUsed
		}
		return failure
	})
}

// NewAuthenticator is an authenticator that its owner is adding.
type NewAuthenticator struct {
	ID     string
	UserID string
	Name   string
	Secret []byte
	Code   string // that the app shows, which proves that it has the secret
	// First says that the person adds it to be able to sign in: it is refused where there is a second factor by now.
	First bool
}

// AddAuthenticator stores an authenticator, and makes recovery codes where the user has none left. They are returned,
// to be shown this once. The code cannot be used again. Errors: ErrOneTimeCodeInvalid, ErrTooManyFactors, ErrHasFactor;
// storage.ErrConflict where it was stored before.
func (s Factors) AddAuthenticator(r *http.Request, a NewAuthenticator) (recovery []string, err error) {
	now := s.now()
	step, right := stepOf(a.Secret, a.Code, now)
	if !right {
		return nil, ErrOneTimeCodeInvalid
	}
	codes, macs, err := s.newRecoveryCodes(r.Context(), a.UserID)
	if err != nil {
		return nil, err
	}
	ctx := s.ActingAsOwner(r, a.UserID)
	err = s.store.Together(ctx, func(ctx context.Context) error {
		has, err := s.lockFactors(ctx, a.UserID, storage.FactorTOTP)
		if err != nil {
			return err
		}
		if a.First && len(has.List) > 0 {
			return ErrHasFactor
		}
		if err := s.store.CreateAuthenticator(ctx, storage.Authenticator{
			ID: a.ID, UserID: a.UserID, Name: a.Name, Secret: a.Secret, IsActive: true, LastStep: step, CreatedAt: now,
		}); err != nil {
			return err
		}
		recovery = nil
		if len(has.List) > 0 && has.RecoveryCodes > 0 {
			return nil
		}
		recovery = codes
		return s.store.ReplaceRecoveryCodes(ctx, a.UserID, a.ID, macs)
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// lockFactors reads the second factors of a user within a transaction that keeps them as they are. Errors:
// ErrTooManyFactors, where one more of the kind would be too many.
func (s Factors) lockFactors(ctx context.Context, userID, kind string) (SecondFactors, error) {
	if err := s.store.HoldUser(ctx, userID); err != nil {
		return SecondFactors{}, err
	}
	all, err := s.store.ListSecondFactors(ctx, userID)
	if err != nil {
		return SecondFactors{}, err
	}
	n := 0
	for _, factor := range all {
		if factor.Kind == kind {
			n++
		}
	}
	if n >= mostFactors {
		return SecondFactors{}, ErrTooManyFactors
	}
	return s.countingFactors(all), nil
}
