package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"ithildin/storage"
)

// OneTimeCodeHasLastTry says that one more failure of a one-time code blocks the user.
func (s *Service) OneTimeCodeHasLastTry(user *storage.User) bool {
	return user.OneTimeCodeFailures == s.Limits().OneTimeCodeFailures-1
}

const (
	// oneTimeCodesADay bounds what one number gets, whoever asks: nobody must be able to flood somebody's phone.
	oneTimeCodesADay  = 30
	oneTimeCodeDay    = 24 * time.Hour
	reasonOneTimeCode = "Passed invalid OTP more than USER_OTP_ERROR_MAX"
)

// Why a one-time code is not sent, or not taken.
var (
	ErrOneTimeCodeLimited  = errors.New("identity: too many one-time codes within a minute")
	ErrOneTimeCodeInvalid  = errors.New("identity: the one-time code is wrong")
	ErrOneTimeCodeExpired  = errors.New("identity: the one-time code has expired")
	ErrOneTimeCodeAttempts = errors.New("identity: the one-time code was tried too often")
	// With one of the three before come these, after the last but one failure in a row, and after the last.
	ErrOneTimeCodeLastTry = errors.New("identity: one more failure blocks the user")
	ErrOneTimeCodeBlocked = errors.New("identity: the user is blocked now")
)

// oneTimeCodeKey says what a code proves: that the bearer of a token, or of a pending request, has the phone.
func oneTimeCodeKey(id, phone string) string { return strings.ToLower(id) + "===" + phone }

// OneTimeCodeOutcomes are what can become of a one-time code, or of the wish for one.
var OneTimeCodeOutcomes = []string{codeSent, codeNotSent, codeLimited, codeRight, codeWrong, codeExpired, codeExhausted,
	codeFailed}

const (
	codeSent      = "sent"
	codeNotSent   = "not_sent"  // the service that sends messages failed
	codeLimited   = "limited"   // too many were asked for
	codeRight     = "right"     // typed as sent
	codeWrong     = "wrong"     // or none was sent
	codeExpired   = "expired"   // right or wrong, but too late
	codeExhausted = "exhausted" // tried too often
	codeFailed    = "failed"    // by a fault of ours
)

// oneTimeCodeOutcome is what an error of sending or verifying a code says; done is for none.
func oneTimeCodeOutcome(err error, done string) string {
	switch {
	case err == nil:
		return done
	case errors.Is(err, ErrMessageNotSent):
		return codeNotSent
	case errors.Is(err, ErrOneTimeCodeLimited):
		return codeLimited
	case errors.Is(err, ErrOneTimeCodeInvalid):
		return codeWrong
	case errors.Is(err, ErrOneTimeCodeExpired):
		return codeExpired
	case errors.Is(err, ErrOneTimeCodeAttempts):
		return codeExhausted
	}
	return codeFailed
}

// SendOneTimeCode makes a code for the phone of a user and sends it; codes before it under the same id are void.
// Errors: ErrOneTimeCodeLimited, ErrMessageNotSent.
func (s *Service) SendOneTimeCode(ctx context.Context, userID, id, phone string) error {
	err := s.sendOneTimeCode(ctx, userID, id, phone)
	s.countCode(oneTimeCodeOutcome(err, codeSent))
	return err
}

func (s *Service) sendOneTimeCode(ctx context.Context, userID, id, phone string) error {
	ofNumber, err := s.countSentCode(ctx, userID, phone)
	if err != nil {
		return err
	}
	code, err := s.newOneTimeCode()
	if err != nil {
		return err
	}
	key := oneTimeCodeKey(id, phone)
	mac, err := s.store.OneTimeCodeMAC(ctx, key, code)
	if err != nil {
		return err
	}
	now := s.now()
	if err := s.store.CreateOneTimeCode(ctx, storage.OneTimeCode{
		ID: s.store.NewID(), Key: key, CodeMAC: mac, CreatedAt: now, ExpiresAt: now.Add(s.Limits().OneTimeCodeLifetime),
	}); err != nil {
		return err
	}
	if err := s.components.SMS.Send(ctx, phone,
		strings.ReplaceAll(s.components.OneTimeCodeText, "{code}", code)); err != nil {
		return errors.Join(fmt.Errorf("%w: %w", ErrMessageNotSent, err), s.forgetCounted(ctx, ofNumber))
	}
	return nil
}

// countSentCode counts a code before it goes out, so that parallel requests see each other: for its user within a
// short time, which counts also if the message is not sent, and for its number within a day, which does not: the rows
// of that are returned.
func (s *Service) countSentCode(ctx context.Context, userID, phone string) (ofNumber []string, err error) {
	var rows []string
	for _, l := range []limit{
		{"one-time code", userID, s.Limits().OneTimeCodeWindow, s.Limits().OneTimeCodesSent},
		{"one-time code to a number", phone, oneTimeCodeDay, oneTimeCodesADay},
	} {
		counted, within, err := l.count(ctx, s)
		if err != nil {
			return nil, err
		}
		rows, ofNumber = append(rows, counted...), counted
		if !within {
			return nil, errors.Join(ErrOneTimeCodeLimited, s.forgetCounted(ctx, rows))
		}
	}
	return ofNumber, nil
}

// newOneTimeCode makes a code of digits from 1 to 9. A byte of 252 and above is dropped, so that none is likelier.
func (s *Service) newOneTimeCode() (string, error) {
	var code strings.Builder
	one := make([]byte, 1)
	for code.Len() < s.Limits().OneTimeCodeLength {
		if _, err := io.ReadFull(s.random, one); err != nil {
			return "", fmt.Errorf("identity: no randomness: %w", err)
		}
		if one[0] < 252 {
			code.WriteByte('1' + one[0]%9)
		}
	}
	return code.String(), nil
}

// VerifyOneTimeCode takes a code once. A wrong code counts against the code. Each failure counts against the user, who
// is blocked at the last of OneTimeCodeFailures in a row. Errors: ErrOneTimeCodeInvalid (also where no code was sent),
// ErrOneTimeCodeExpired and ErrOneTimeCodeAttempts, each maybe with ErrOneTimeCodeLastTry or ErrOneTimeCodeBlocked.
func (s *Service) VerifyOneTimeCode(ctx context.Context, userID, id, phone, code string) error {
	err := s.verifyOneTimeCode(ctx, userID, id, phone, code)
	s.countCode(oneTimeCodeOutcome(err, codeRight))
	return err
}

func (s *Service) verifyOneTimeCode(ctx context.Context, userID, id, phone, code string) error {
	key := oneTimeCodeKey(id, phone)
	known, err := s.store.FindOneTimeCode(ctx, key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return s.failedCode(ctx, userID, ErrOneTimeCodeInvalid)
	case err != nil:
		return err
	case known.Status != storage.OneTimeCodeNew:
		return ErrOneTimeCodeInvalid // taken a moment ago, by the same person
	case !known.ExpiresAt.After(s.now()):
		return s.failedCode(ctx, userID, ErrOneTimeCodeExpired)
	case known.Attempts >= s.Limits().OneTimeCodeAttempts:
		return s.failedCode(ctx, userID, ErrOneTimeCodeAttempts)
	}
	mac, err := s.store.OneTimeCodeMAC(ctx, key, code)
	if err != nil {
		return err
	}
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	right, err := s.store.VerifyOneTimeCode(ctx, known.ID, mac, s.Limits().OneTimeCodeAttempts)
	switch {
	case errors.Is(err, storage.ErrUsed):
		return ErrOneTimeCodeAttempts // another attempt was faster
	case err != nil:
		return err
	case right:
		return s.store.ResetOneTimeCodeFailures(ctx, userID)
	}
	return s.failedCode(ctx, userID, ErrOneTimeCodeInvalid)
}

// failedCode counts a failure against its user. The error that it returns is failure, with what follows from the count.
func (s *Service) failedCode(ctx context.Context, userID string, failure error) error {
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	most := s.Limits().OneTimeCodeFailures
	failures, blocked, err := s.store.CountOneTimeCodeFailure(ctx, userID, most, reasonOneTimeCode)
	if err != nil {
		return err
	}
	switch {
	case failures >= most:
		failure = errors.Join(failure, ErrOneTimeCodeBlocked)
	case failures == most-1:
		failure = errors.Join(failure, ErrOneTimeCodeLastTry)
	}
	if blocked {
		s.count(storage.EventUserBlocked)
		err = s.store.RecordEvents(ctx, []storage.Event{{
			Kind: storage.EventUserBlocked, UserID: userID, Details: map[string]string{"reason": reasonOneTimeCode},
		}})
	}
	return errors.Join(failure, err)
}
