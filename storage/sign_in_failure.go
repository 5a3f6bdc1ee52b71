package storage

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// mostSubjects bounds what one sign-in is counted under (the account, the address, the pair of them); it also bounds
// how many texts of each statement there are.
const mostSubjects = 8

// SignInSubject keeps the addresses of people and machines out of the table; without the key a row tells nothing. All
// forms of an email address are one subject.
func (s *authenticationStore) SignInSubject(ctx context.Context, kind, value string) ([]byte, error) {
	return s.keys.keyed(ctx, "sign-in subjects", kind+"\x00"+CanonicalEmail(value))
}

// RecordSignInFailure counts a failure under each subject (a hash of whom or what to count) until expiresAt. It
// returns the ids by which ForgetSignInFailures takes them back.
func (s *authenticationStore) RecordSignInFailure(
	ctx context.Context, subjects [][]byte, expiresAt time.Time,
) ([]string, error) {
	if err := boundSubjects(len(subjects)); err != nil || len(subjects) == 0 {
		return nil, err
	}
	ids := make([]string, len(subjects))
	args := make([]any, 0, 4*len(subjects))
	for i, subject := range subjects {
		ids[i] = s.NewID()
		args = append(args, ids[i], subject, s.nowSeconds(), toSeconds(expiresAt))
	}
	_, err := s.exec(ctx, `INSERT INTO sign_in_failures (id, subject, created_at, expires_at) VALUES `+
		rowPlaceholders(len(subjects), 4)+` ON CONFLICT DO NOTHING`, args...)
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// CountSignInFailures says how many failures each subject has since then, in the order of subjects.
func (s *authenticationStore) CountSignInFailures(
	ctx context.Context, subjects [][]byte, since time.Time,
) ([]int64, error) {
	if err := boundSubjects(len(subjects)); err != nil || len(subjects) == 0 {
		return nil, err
	}
	args := make([]any, 0, len(subjects)+1)
	for _, subject := range subjects {
		args = append(args, subject)
	}
	var rows []struct {
		Subject []byte `db:"subject"`
		Count   int64  `db:"failures"`
	}
	err := s.selectAll(ctx, &rows, fmt.Sprintf(`
SELECT subject, count(*) AS failures FROM sign_in_failures
WHERE subject IN (%s) AND created_at >= $%d GROUP BY subject`,
		placeholders(1, len(subjects)), len(subjects)+1), append(args, toSeconds(since))...)
	if err != nil {
		return nil, err
	}
	bySubject := make(map[string]int64, len(rows))
	for _, r := range rows {
		bySubject[string(r.Subject)] = r.Count
	}
	counts := make([]int64, len(subjects))
	for i, subject := range subjects {
		counts[i] = bySubject[string(subject)]
	}
	return counts, nil
}

// ForgetSignInFailures takes failures back by the ids of RecordSignInFailure, and all those of the subjects.
func (s *authenticationStore) ForgetSignInFailures(ctx context.Context, ids []string, subjects ...[]byte) error {
	if err := boundSubjects(len(ids) + len(subjects)); err != nil || len(ids) == 0 {
		return err
	}
	var args []any
	for _, id := range ids {
		args = append(args, id)
	}
	query := `DELETE FROM sign_in_failures WHERE id IN (` + placeholders(1, len(ids)) + `)`
	if len(subjects) > 0 {
		query += ` OR subject IN (` + placeholders(len(ids)+1, len(subjects)) + `)`
	}
	for _, subject := range subjects {
		args = append(args, subject)
	}
	_, err := s.exec(ctx, query, args...)
	return err
}

func boundSubjects(n int) error {
	if n > mostSubjects {
		return fmt.Errorf("storage: %d subjects of sign-in failures: want %d at most", n, mostSubjects)
	}
	return nil
}

// placeholders lists n of them from $first on, separated by commas.
func placeholders(first, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(names, ", ")
}

// rowPlaceholders lists rows of placeholders for VALUES.
func rowPlaceholders(rows, columns int) string {
	list := make([]string, rows)
	for i := range list {
		list[i] = "(" + placeholders(i*columns+1, columns) + ")"
	}
	return strings.Join(list, ", ")
}
