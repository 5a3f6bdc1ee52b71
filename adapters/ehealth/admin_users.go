package ehealth

import (
	"context"
	"errors"
	"net/http"
	"net/mail"

	"github.com/gorilla/mux"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/storage"
)

// usersAPI manages users (contract section 2.7.5).
type usersAPI struct {
	answers
	store    *storage.Store
	provider *provider.Provider
	identity *identity.Service
	// twoFactorOff gives new users no second factor, unless the request asks for one.
	twoFactorOff bool
}

func (a *usersAPI) list(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	filter := storage.UserFilter{
		Email: f.text("email"), TaxID: f.text("tax_id"), IDs: f.ids("ids"), IsBlocked: f.boolean("is_blocked"),
	}
	if id := f.id("id"); id != "" && len(filter.IDs) == 0 { // ids count more, as in the old system
		filter.IDs = []string{id}
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	p := pageAsked(r)
	users, total, err := a.store.PageOfUsers(r.Context(), filter, p)
	if err != nil {
		return err
	}
	return a.answerList(w, r, objects(users, func(u storage.User) userObject { return newUserObject(&u) }),
		pagingOf(p, total))
}

func (a *usersAPI) answer(w http.ResponseWriter, r *http.Request, status int, id string) error {
	user, err := a.store.FindUser(r.Context(), id)
	if err != nil {
		return err
	}
	return a.respond(w, r, status, newUserObject(user))
}

func (a *usersAPI) show(w http.ResponseWriter, r *http.Request) error {
	return a.answer(w, r, http.StatusOK, mux.Vars(r)["user_id"])
}

// readUser takes what the body has.
func readUser(c *check, u *storage.User) {
	if c.given("email") {
		u.Email = c.name("email")
		if address, err := mail.ParseAddress(u.Email); err != nil || address.Address != u.Email {
			c.broke("email", rule{Rule: "format", Description: "has invalid format", Params: []string{"~r/@/"}})
		}
	}
	if c.given("tax_id") {
		u.TaxID = c.optionalName("tax_id")
	}
	if c.given("person_id") {
		u.PersonID = c.optionalName("person_id")
	}
	if settings := c.object("settings"); settings != nil {
		u.Settings = settings
	}
	if settings := c.object("priv_settings"); settings != nil {
		u.PrivateSettings = settings
	}
}

func (a *usersAPI) create(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "user", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	store := a.store
	user := storage.User{ID: store.NewID(), PasswordSetAt: store.Now().Unix(), CreatedAt: store.Now().Unix(),
		UpdatedAt: store.Now().Unix()}
	c.text("email")
	readUser(c, &user)
	password, factor, blocked := c.text("password"), a.readFactor(c), readBlock(c, false, "")
	user.IsBlocked, user.BlockReason = blocked.isBlocked, blocked.reason
	if failed := c.failed(); failed != nil {
		return failed
	}
	var err error
	if user.Password, err = a.identity.HashPassword(r.Context(), password, identity.CheckLegacyPassword); err != nil {
		return passwordFailure(err)
	}
	err = store.Together(r.Context(), func(ctx context.Context) error {
		if err := store.CreateUser(ctx, user); err != nil {
			return err
		}
		return factor.create(ctx, store, user.ID)
	})
	if err != nil {
		return emailTaken(err)
	}
	return a.answer(w, r, http.StatusCreated, user.ID)
}

func emailTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return failureValidation(map[string]rule{"email": ruleTaken}).because(err)
	}
	return err
}

// update changes what the body has, the password, the second factor and the block too: all of it, or nothing.
func (a *usersAPI) update(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	readUser(c, user)
	password, factor := c.optionalText("password"), a.readFactor(c)
	blocked := readBlock(c, user.IsBlocked, user.BlockReason)
	if failed := c.failed(); failed != nil {
		return failed
	}
	hash := ""
	if password != "" {
		if hash, err = a.identity.HashNewPassword(r.Context(), user.ID, password, identity.CheckLegacyPassword); err != nil {
			return passwordFailure(err)
		}
	}
	store := a.store
	err = store.Together(r.Context(), func(ctx context.Context) error {
		if err := store.UpdateUser(ctx, *user); err != nil {
			return err
		}
		if hash != "" {
			if err := store.SetPassword(ctx, user.ID, hash); err != nil {
				return err
			}
		}
		if err := factor.update(ctx, store, user.ID); err != nil {
			return err
		}
		return blocked.store(ctx, store.SetUserBlock, user.ID)
	})
	if err != nil {
		return emailTaken(err)
	}
	if blocked.begins {
		a.provider.CountBlock(provider.BlockedUser)
	}
	return a.answer(w, r, http.StatusOK, user.ID)
}

func (a *usersAPI) delete(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["user_id"]
	if err := a.store.DeleteUser(r.Context(), id); err != nil {
		return err
	}
	return answerNothing(w)
}

func (a *usersAPI) block(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["user_id"]
	reason, failed := blockReason(w, r, "user")
	if failed != nil {
		return failed
	}
	err := a.store.BlockUser(r.Context(), id, reason)
	if errors.Is(err, storage.ErrConflict) {
		return conflict("user already blocked")
	}
	if err != nil {
		return err
	}
	a.provider.CountBlock(provider.BlockedUser)
	return a.answer(w, r, http.StatusOK, id)
}

func (a *usersAPI) unblock(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	if !user.IsBlocked {
		return conflict("user already unblocked")
	}
	if err := a.store.UnblockUser(r.Context(), user.ID); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, user.ID)
}
