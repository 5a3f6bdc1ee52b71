package identity

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"ithildin/storage"
)

const (
	// LongestFactorName bounds what a person calls a second factor, in characters.
	LongestFactorName = 60
	// mostFactors bounds the second factors of one kind that a person may have.
	mostFactors = 10
)

// Why a second factor is neither added nor removed.
var (
	ErrTooManyFactors = errors.New("identity: the user has as many second factors of this kind as one may have")
	ErrHasFactor      = errors.New("identity: the user has a second factor by now")
	ErrLastFactor     = errors.New("identity: the last second factor is demanded by a scope of the user's roles")
	ErrFactorUnknown  = errors.New("identity: the user has no such second factor")
)

// factorKinds are the kinds by which a sign-in is confirmed, from the strongest to the weakest. Recovery codes are not
// among them: they stand in for one of these.
var factorKinds = []string{storage.FactorPasskey, storage.FactorTOTP, FactorSMS}

// Factors is a Service with what it does about second factors.
type Factors struct{ *Service }

// SecondFactors are those of a person that count for a sign-in, the strongest first.
type SecondFactors struct {
	// List are the active factors that are set; recovery codes and a factor whose phone is still to be set are not in it.
	List []storage.SecondFactor
	// Phone is the number to which one-time codes go, "" for none. PhoneMissing says that the factor of the phone is
	// active and has none: it was made or reset by an operator.
	Phone        string
	PhoneMissing bool
	// RecoveryCodes is how many are left of those that were made at RecoveryCodesAt.
	RecoveryCodes   int64
	RecoveryCodesAt time.Time
}

// Kinds are the kinds by which the person can confirm a sign-in, the strongest first and recovery codes last. It is
// empty where there is no second factor: recovery codes alone are none.
func (f SecondFactors) Kinds() (kinds []string) {
	for _, factor := range f.List {
		if !slices.Contains(kinds, factor.Kind) {
			kinds = append(kinds, factor.Kind)
		}
	}
	if len(kinds) > 0 && f.RecoveryCodes > 0 {
		kinds = append(kinds, storage.FactorRecoveryCode)
	}
	return kinds
}

// SecondFactors reads the second factors of a user that count for a sign-in.
func (s Factors) SecondFactors(ctx context.Context, userID string) (SecondFactors, error) {
	all, err := s.store.ListSecondFactors(ctx, userID)
	if err != nil {
		return SecondFactors{}, err
	}
	return s.countingFactors(all), nil
}

// countingFactors are those of all second factors of a person that count for a sign-in. Passkeys do not where the
// operator has turned them off.
func (s Factors) countingFactors(all []storage.SecondFactor) (f SecondFactors) {
	for _, kind := range factorKinds {
		if kind == storage.FactorPasskey && s.components.Passkeys == nil {
			continue
		}
		for _, factor := range all {
			if factor.Kind != kind || !factor.IsActive {
				continue
			}
			if kind == FactorSMS {
				f.Phone, f.PhoneMissing = factor.Name, factor.Name == ""
			}
			if factor.Name != "" || kind != FactorSMS {
				f.List = append(f.List, factor)
			}
		}
	}
	for _, factor := range all {
		if factor.Kind == storage.FactorRecoveryCode {
			f.RecoveryCodes, f.RecoveryCodesAt = factor.Left, factor.CreatedAt
		}
	}
	return f
}

// MayChangeFactors says whether a session may add or remove second factors: it began within the last minutes, and with
// a second factor where the person has one. Whoever has stolen a session, or the password alone, may not.
func (s Factors) MayChangeFactors(session storage.LoginSession, has SecondFactors) bool {
	age := s.now().Sub(session.AuthTime)
	return age >= 0 && age <= recentSignIn && (len(has.List) == 0 || strength(session.ACR) >= strength(
		storage.AssuranceOneTimeCode))
}

// FirstNeedsLink says whether a person with these second factors, who has proved as much as acr says, adds one only
// after they have followed a link to their mailbox.
func (s Factors) FirstNeedsLink(has SecondFactors, acr string) bool {
	return s.components.FirstFactorNeedsLink && len(has.List) == 0 &&
		strength(acr) < strength(storage.AssuranceOneTimeCode)
}

// RemoveFactor removes a second factor that its owner does without. The last one stays where a scope that the roles of
// the user give asks for a second factor. Errors: ErrFactorUnknown, ErrLastFactor.
func (s Factors) RemoveFactor(r *http.Request, userID, kind, id string) error {
	ctx := s.ActingAsOwner(r, userID)
	demanded, err := s.demandsSecondFactor(ctx, userID)
	if err != nil {
		return err
	}
	return s.store.Together(ctx, func(ctx context.Context) error {
		if err := s.store.HoldUser(ctx, userID); err != nil {
			return err
		}
		has, err := s.SecondFactors(ctx, userID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(has.List, func(f storage.SecondFactor) bool { return f.Kind == kind && f.ID == id })
		switch {
		case i < 0:
			return ErrFactorUnknown
		case len(has.List) == 1 && demanded:
			return ErrLastFactor
		}
		return s.store.RemoveSecondFactor(ctx, userID, kind, id)
	})
}

// demandsSecondFactor says whether a role of the user, for any client or everywhere, gives a scope that asks for a
// second factor.
func (s Factors) demandsSecondFactor(ctx context.Context, userID string) (bool, error) {
	held, err := s.store.ListUserRoles(ctx, userID)
	if err != nil {
		return false, err
	}
	roles, err := s.store.Roles(ctx)
	if err != nil {
		return false, err
	}
	scopes, err := s.store.Scopes(ctx)
	if err != nil {
		return false, err
	}
	for _, scope := range scopes {
		if scope.Assurance != storage.AssuranceOneTimeCode {
			continue
		}
		for _, role := range held {
			if slices.Contains(roles[role.RoleID].Scope, scope.Name) {
				return true, nil
			}
		}
	}
	return false, nil
}

// FactorName is a name that a person gives a second factor, without what no name has and within its bound.
func FactorName(typed string) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case !unicode.IsPrint(c), c == unicode.ReplacementChar:
			return -1
		}
		return c
	}, strings.ToValidUTF8(typed, ""))
	name = strings.Join(strings.Fields(name), " ")
	if TooLong(name, LongestFactorName) {
		name = strings.TrimSpace(string([]rune(name)[:LongestFactorName]))
	}
	return name
}

// verifySecondFactor tries what a person typed for a second factor, one of SignInMethods but a code of SMS. The try is
// counted before it is made, so that parallel ones see each other; each that fails counts against the user, as a wrong
// code of SMS does. verify returns ErrOneTimeCodeInvalid for what is wrong, and errCodeUsed for what was right once.
func (s Factors) verifySecondFactor(
	ctx context.Context, method, userID string, verify func(context.Context) error,
) error {
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	rows, within, err := limit{
		"second factor", userID, s.Limits().FailedSignInWindow, s.Limits().FailedSignIns,
	}.count(ctx, s.Service)
	if err != nil {
		return err
	}
	if !within {
		countLimited(s.Service, method)
		return errors.Join(ErrSignInLimited, s.forgetCounted(ctx, rows))
	}
	err = verify(ctx)
	switch {
	case errors.Is(err, ErrOneTimeCodeInvalid):
		return s.failedCode(ctx, userID, err)
	case errors.Is(err, errCodeUsed):
		return ErrOneTimeCodeInvalid
	case err != nil:
		return errors.Join(err, s.forgetCounted(ctx, rows))
	}
	return errors.Join(s.forgetCounted(ctx, rows), s.store.ResetOneTimeCodeFailures(ctx, userID))
}

// errCodeUsed says that a code was right, and has been used before.
var errCodeUsed = errors.New("identity: the code was used before")
