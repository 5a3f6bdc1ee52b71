package mithril

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ithildin/storage"
)

type userRow struct {
	ID              string `db:"id"`
	Email           string `db:"email"`
	Password        string `db:"password"`
	PasswordSetAt   int64  `db:"password_set_at"`
	TaxID           string `db:"tax_id"`
	PersonID        string `db:"person_id"`
	Settings        string `db:"settings"`
	PrivateSettings string `db:"priv_settings"`
	IsBlocked       bool   `db:"is_blocked"`
	BlockReason     string `db:"block_reason"`
	InsertedAt      int64  `db:"inserted_at"`
	UpdatedAt       int64  `db:"updated_at"`
}

// epoch reads a timestamp without time zone, which is UTC, as seconds.
func epoch(column string) string {
	return `coalesce(floor(extract(epoch FROM ` + column + `)), 0)::bigint AS ` + column[strings.LastIndex(column, ".")+1:]
}

// at is the time that a column of epoch holds; zero where there was none.
func at(seconds int64) time.Time { return storage.FromEpochSeconds(seconds) }

var selectUsers = `
SELECT id::text AS id, coalesce(email::text, '') AS email, coalesce(password, '') AS password,
       ` + epoch("password_set_at") + `,
       coalesce(tax_id, '') AS tax_id, coalesce(person_id, '') AS person_id,
       coalesce(settings::text, '{}') AS settings, coalesce(priv_settings::text, '{}') AS priv_settings,
       coalesce(is_blocked, FALSE) AS is_blocked, coalesce(block_reason, '') AS block_reason,
       ` + epoch("inserted_at") + `, ` + epoch("updated_at") + `
FROM users ORDER BY id`

// signInWindow is how long the old system counted failed sign-ins, in seconds.
const signInWindow = 600

// counters are what the old system keeps about sign-ins in priv_settings; here they are rows and a column.
type counters struct {
	History []struct {
		Type      string `json:"type"`
		IsSuccess bool   `json:"is_success"`
		Time      string `json:"time"`
	} `json:"login_hstr"`
	OneTimeCodeFailures int64 `json:"otp_error_counter"`
}

// users reads users with their bcrypt hashes, and the failed sign-ins of the last minutes.
func (i *importer) users(ctx context.Context) error {
	line := i.report.line("users")
	emails := map[string]string{}
	var failures []storage.ImportedFailure
	err := each(ctx, i, line, selectUsers, nil, func(r userRow) (storage.User, bool) {
		email := storage.CanonicalEmail(r.Email)
		if first, taken := emails[email]; taken || email == "" {
			i.refuseUser(r.ID)
			line.refuse("user "+r.ID, fmt.Errorf("the mail is empty, or that of user %s in another form", first))
			return storage.User{}, false
		}
		emails[email] = r.ID
		var counted counters
		if json.Unmarshal([]byte(r.PrivateSettings), &counted) != nil {
			line.note("user %s: priv_settings are not of the known form", r.ID)
		}
		failures = append(failures, i.failures(r.ID, email, counted)...)
		return storage.User{
			ID: r.ID, Email: email, Password: r.Password, PasswordSetAt: at(r.PasswordSetAt), TaxID: r.TaxID,
			PersonID: r.PersonID,
			Settings: json.RawMessage(r.Settings), PrivateSettings: withoutCounters(r.PrivateSettings),
			IsBlocked: r.IsBlocked, BlockReason: r.BlockReason, CreatedAt: at(r.InsertedAt), UpdatedAt: at(r.UpdatedAt),
			OneTimeCodeFailures: counted.OneTimeCodeFailures,
		}, true
	}, i.userWriter(), func(u storage.User) string { return "user " + u.ID })
	if err != nil || i.Store == nil {
		return err
	}
	_, _, err = i.Store.ImportFailures(ctx, failures)
	return err
}

func (i *importer) userWriter() writer[storage.User] {
	return func(ctx context.Context, batch []storage.User) (int64, []storage.Refused, error) {
		n, rejected, err := i.Store.ImportUsers(ctx, batch)
		for _, r := range rejected {
			i.refuseUser(batch[r.Row].ID)
		}
		return n, rejected, err
	}
}

func (i *importer) refuseUser(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refusedUsers[id] = true
}

// failures are the failed sign-ins by password that still count.
func (i *importer) failures(userID, email string, counted counters) (recent []storage.ImportedFailure) {
	for n, entry := range counted.History {
		at, err := time.Parse("2006-01-02T15:04:05", strings.Split(strings.TrimSuffix(entry.Time, "Z"), ".")[0])
		if err != nil || entry.IsSuccess || entry.Type != "password" || at.Unix() <= i.now-signInWindow || at.Unix() > i.now {
			continue
		}
		recent = append(recent, storage.ImportedFailure{
			ID: derived("failure", fmt.Sprint(userID, " ", entry.Time, " ", n)), Email: email,
			CreatedAt: at, ExpiresAt: at.Add(signInWindow * time.Second),
		})
	}
	return recent
}

func withoutCounters(settings string) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(settings), &fields) != nil {
		return nil
	}
	for _, name := range []string{"login_hstr", "otp_error_counter", "login_error_counter"} {
		delete(fields, name)
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return encoded
}

type passwordRow struct {
	ID         int64  `db:"id"`
	UserID     string `db:"user_id"`
	Password   string `db:"password"`
	InsertedAt int64  `db:"inserted_at"`
}

// selectPasswords are the last three of each user but for the present one, which the old system's triggers record too.
var selectPasswords = `
SELECT id, user_id, password, inserted_at FROM (
  SELECT h.id, h.user_id::text AS user_id, h.password, ` + epoch("h.inserted_at") + `,
         row_number() OVER (PARTITION BY h.user_id ORDER BY h.id DESC) AS place
  FROM password_hstr h JOIN users u ON u.id = h.user_id AND coalesce(u.password, '') <> h.password) AS recent
WHERE place <= 3 ORDER BY id`

func (i *importer) passwords(ctx context.Context) error {
	line := i.report.line("passwords before")
	return each(ctx, i, line, selectPasswords, nil, func(r passwordRow) (storage.ImportedPassword, bool) {
		return storage.ImportedPassword{
			ID: derived("password", fmt.Sprint(r.ID)), UserID: r.UserID, Password: r.Password, CreatedAt: at(r.InsertedAt),
		}, !i.refusedUsers[r.UserID]
	}, func(ctx context.Context, batch []storage.ImportedPassword) (int64, []storage.Refused, error) {
		return i.Store.ImportPasswords(ctx, batch)
	}, func(p storage.ImportedPassword) string { return "a password of user " + p.UserID })
}

type factorRow struct {
	ID         string `db:"id"`
	UserID     string `db:"user_id"`
	Type       string `db:"type"`
	Factor     string `db:"factor"`
	IsActive   bool   `db:"is_active"`
	InsertedAt int64  `db:"inserted_at"`
	UpdatedAt  int64  `db:"updated_at"`
}

func (i *importer) factors(ctx context.Context) error {
	line := i.report.line("second factors")
	return each(ctx, i, line, `
SELECT id::text AS id, user_id::text AS user_id, type, coalesce(factor, '') AS factor, coalesce(is_active,
TRUE) AS is_active,
       `+epoch("inserted_at")+`, `+epoch("updated_at")+` FROM authentication_factors ORDER BY id`, nil,
		func(r factorRow) (storage.AuthenticationFactor, bool) {
			if r.Type != "SMS" {
				line.note("unknown type of factor: %.40s; it is kept and never asked for", r.Type)
			}
			return storage.AuthenticationFactor{
				ID: r.ID, UserID: r.UserID, Type: r.Type, Factor: r.Factor, IsActive: r.IsActive,
				CreatedAt: at(r.InsertedAt), UpdatedAt: at(r.UpdatedAt),
			}, !i.refusedUsers[r.UserID]
		}, func(ctx context.Context, batch []storage.AuthenticationFactor) (int64, []storage.Refused, error) {
			return i.Store.ImportFactors(ctx, batch)
		}, func(f storage.AuthenticationFactor) string { return "factor " + f.ID })
}
