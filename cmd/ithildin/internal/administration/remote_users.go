package administration

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"ithildin/adapters/admin"
	"ithildin/storage"
)

// remoteUsers implements Users.
type remoteUsers struct{ *api }

// at is a time that an answer may leave out.
func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func userOf(u admin.User) storage.User {
	return storage.User{
		ID: u.ID, Email: u.Email, TaxID: u.TaxID, PersonID: u.PersonID,
		Profile:   json.RawMessage(cmp.Or(string(u.Profile), "{}")),
		IsBlocked: u.State == "blocked", BlockReason: u.BlockReason, MustChangePassword: u.MustChangePassword,
		PasswordSetAt: at(u.PasswordSetAt), CreatedAt: at(u.CreatedAt), UpdatedAt: at(u.UpdatedAt),
	}
}

// checkID says of what is no UUID that it names nothing, as the store does.
func checkID(id string) error {
	if uuid.Validate(id) != nil {
		return storage.ErrNotFound
	}
	return nil
}

// FindUser implements Users.
func (r remoteUsers) FindUser(ctx context.Context, id string) (*storage.User, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	var found admin.User
	if err := r.get(ctx, path("users", id), &found); err != nil {
		return nil, err
	}
	u := userOf(found)
	return &u, nil
}

// FindUserByEmail implements Users.
func (r remoteUsers) FindUserByEmail(ctx context.Context, email string) (*storage.User, error) {
	list, err := page[admin.User](ctx, r.api, path("users"), url.Values{"whole_email": {email}, "limit": {"1"}})
	if err != nil {
		return nil, err
	}
	if len(list.Items) == 0 {
		return nil, storage.ErrNotFound
	}
	return r.FindUser(ctx, list.Items[0].ID) // which has the ETag too
}

// ListUsers implements Users.
func (r remoteUsers) ListUsers(ctx context.Context, afterEmail string, limit int) ([]storage.User, error) {
	list, err := page[admin.User](ctx, r.api, path("users"),
		url.Values{"order": {"email"}, "after": {afterEmail}, "limit": {pageSize(limit)}})
	return each(list.Items, userOf), err
}

// largestPage is that of the API.
const largestPage = 1000

// pageSize is how many items are asked for, as the store understands a limit.
func pageSize(limit int) string {
	if limit <= 0 {
		return strconv.Itoa(largestPage)
	}
	return strconv.Itoa(min(limit, largestPage))
}

func each[T, R any](items []T, convert func(T) R) []R {
	rows := make([]R, len(items))
	for i, item := range items {
		rows[i] = convert(item)
	}
	return rows
}

// AddUser implements Users.
func (r remoteUsers) AddUser(ctx context.Context, u storage.User, password string) error {
	body := admin.NewUser{
		ID: u.ID, Email: u.Email, Password: password, MustChange: u.MustChangePassword, TaxID: u.TaxID,
		PersonID: u.PersonID, Profile: admin.Object(u.Profile),
	}
	return r.create(ctx, path("users"), body, nil)
}

// UpdateUser implements Users.
func (r remoteUsers) UpdateUser(ctx context.Context, u storage.User) error {
	return r.change(ctx, path("users", u.ID), admin.UserChange{
		Email: &u.Email, TaxID: &u.TaxID, PersonID: &u.PersonID, Profile: admin.Object(u.Profile),
	})
}

// BlockUser implements Users.
func (r remoteUsers) BlockUser(ctx context.Context, id, reason string) error {
	return r.act(ctx, path("users", id, "block"), admin.Reason{Reason: reason}, nil)
}

// UnblockUser implements Users.
func (r remoteUsers) UnblockUser(ctx context.Context, id string) error {
	return r.act(ctx, path("users", id, "unblock"), nil, nil)
}

// DeleteUser implements Users.
func (r remoteUsers) DeleteUser(ctx context.Context, id string) error {
	return r.remove(ctx, path("users", id))
}

// ReplacePassword implements Users.
func (r remoteUsers) ReplacePassword(ctx context.Context, userID, password string, mustChange bool) error {
	return r.act(ctx, path("users", userID, "password"),
		admin.NewPassword{Password: password, MustChange: mustChange}, nil)
}

// ListSecondFactors implements Users. Of a phone the answer has the ends alone.
func (r remoteUsers) ListSecondFactors(ctx context.Context, userID string) ([]storage.SecondFactor, error) {
	list, err := page[admin.Factor](ctx, r.api, path("users", userID, "factors"), url.Values{})
	return each(list.Items, func(f admin.Factor) storage.SecondFactor {
		factor := storage.SecondFactor{
			Kind: f.Type, ID: f.ID, Name: f.Factor, IsActive: f.Active, CreatedAt: at(f.CreatedAt),
			LastUsedAt: at(f.LastUsedAt),
		}
		if f.Left != nil {
			factor.Left = *f.Left
		}
		return factor
	}), err
}

// ActivateSecondFactor implements Users.
func (r remoteUsers) ActivateSecondFactor(ctx context.Context, userID, _, id string, active bool) error {
	act := "disable"
	if active {
		act = "enable"
	}
	return r.act(ctx, path("users", userID, "factors", id, act), nil, nil)
}

// RemoveSecondFactor implements Users.
func (r remoteUsers) RemoveSecondFactor(ctx context.Context, userID, _, id string) error {
	return r.remove(ctx, path("users", userID, "factors", id))
}

// ResetPhone implements Users.
func (r remoteUsers) ResetPhone(ctx context.Context, userID, id string) error {
	return r.act(ctx, path("users", userID, "factors", id, "reset"), nil, nil)
}
