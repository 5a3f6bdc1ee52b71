package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"ithildin/storage"
)

const (
	recoveryCodes = 10
	// recoveryCodeLength is in letters, each of five bits.
	recoveryCodeLength = 12
	recoveryCodeGroup  = 4
	// recoveryLetters are those of Crockford's base 32, none of which is taken for another.
	recoveryLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	// LongestRecoveryCode bounds what is typed as a recovery code, in characters.
	LongestRecoveryCode = 40
)

// readRecoveryCode is a recovery code without what people put between its letters, with those that are taken for others
// put right.
var recoveryTypos = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", "‐", "", "‑", "", "–", "")

func readRecoveryCode(typed string) string {
	return recoveryTypos.Replace(strings.ToUpper(strings.Join(strings.Fields(typed), "")))
}

// newRecoveryCodes makes the codes of a set, as they are shown, and what is kept of them.
func (s Factors) newRecoveryCodes(ctx context.Context, userID string) (codes []string, macs [][]byte, err error) {
	random := make([]byte, recoveryCodeLength)
	for range recoveryCodes {
		if _, err := io.ReadFull(s.random, random); err != nil {
			return nil, nil, fmt.Errorf("identity: no randomness: %w", err)
		}
		var code strings.Builder
		for i, b := range random {
			if i > 0 && i%recoveryCodeGroup == 0 {
				code.WriteByte('-')
			}
			code.WriteByte(recoveryLetters[int(b)%len(recoveryLetters)])
		}
		mac, err := s.store.RecoveryCodeMAC(ctx, userID, readRecoveryCode(code.String()))
		if err != nil {
			return nil, nil, err
		}
		codes, macs = append(codes, code.String()), append(macs, mac)
	}
	return codes, macs, nil
}

// ReplaceRecoveryCodes gives a user new recovery codes in the place of those before, which are good no more; setID is
// that of the request, so that it has the effect of one if it is sent twice. They are to be shown this once. Errors:
// ErrNoFactor, where there is no second factor for which they could stand in; storage.ErrConflict for the second time.
func (s Factors) ReplaceRecoveryCodes(r *http.Request, userID, setID string) ([]string, error) {
	codes, macs, err := s.newRecoveryCodes(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	ctx := s.ActingAsOwner(r, userID)
	err = s.store.Together(ctx, func(ctx context.Context) error {
		if err := s.store.HoldUser(ctx, userID); err != nil {
			return err
		}
		has, err := s.SecondFactors(ctx, userID)
		if err != nil {
			return err
		}
		if len(has.List) == 0 {
			return ErrNoFactor
		}
		return s.store.ReplaceRecoveryCodes(ctx, userID, setID, macs)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// VerifyRecoveryCode uses a recovery code up, and records that. Its failures are limited and counted, and its errors
// are those of VerifyAuthenticator.
func (s Factors) VerifyRecoveryCode(r *http.Request, clientID, userID, typed string) error {
	err := s.verifySecondFactor(r.Context(), MethodRecoveryCode, userID, func(ctx context.Context) error {
		code := readRecoveryCode(typed)
		if len(code) != recoveryCodeLength {
			return ErrOneTimeCodeInvalid
		}
		mac, err := s.store.RecoveryCodeMAC(ctx, userID, code)
		if err != nil {
			return err
		}
		err = s.store.UseRecoveryCode(ctx, userID, mac)
		if errors.Is(err, storage.ErrUsed) {
			return ErrOneTimeCodeInvalid
		}
		return err
	})
	if err != nil {
		return err
	}
	left, err := s.store.CountRecoveryCodes(r.Context(), userID)
	if err != nil {
		return err
	}
	s.Notify(r.Context(), Notice{Kind: storage.EventRecoveryCodeUsed, UserID: userID})
	return s.Record(r, storage.Event{
		Kind: storage.EventRecoveryCodeUsed, ClientID: clientID, UserID: userID,
		Details: map[string]string{"left": fmt.Sprint(left)},
	})
}
