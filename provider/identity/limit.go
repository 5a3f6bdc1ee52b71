package identity

import (
	"context"
	"time"
)

// limit is how many events of a kind, about a value, are taken within a window.
type limit struct {
	kind, value string
	window      time.Duration
	most        int64
}

// count counts one more event before it happens, so that parallel ones see each other, and says whether it is within
// the limit. The rows are for forgetCounted, where it does not happen.
func (l limit) count(ctx context.Context, s *Service) (rows []string, within bool, err error) {
	subject, err := s.store.SignInSubject(ctx, l.kind, l.value)
	if err != nil {
		return nil, false, err
	}
	now, subjects := s.now(), [][]byte{subject}
	if rows, err = s.store.RecordSignInFailure(ctx, subjects, now.Add(l.window)); err != nil {
		return nil, false, err
	}
	counts, err := s.store.CountSignInFailures(ctx, subjects, now.Add(-l.window))
	return rows, err == nil && counts[0] <= l.most, err
}

// forgetCounted takes back what was counted and did not happen.
func (s *Service) forgetCounted(ctx context.Context, rows []string) error {
	ctx, cancel := whateverTheClientDoes(ctx)
	defer cancel()
	return s.store.ForgetSignInFailures(ctx, rows)
}
