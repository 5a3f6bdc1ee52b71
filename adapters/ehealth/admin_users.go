package ehealth

import (
	"context"
	"errors"
	"net/http"
	"net/mail"

	"github.com/gorilla/mux"

	"ithildin/provider"
	"ithildin/storage"
)

// mountUsers adds the admin API of users, roles, approvals and tokens (contract section 2.7).
func (a *Adapter) mountUsers(r *mux.Router) {
	a.list(r, "/admin/users", a.listUsers, "id", "ids", "email", "tax_id", "is_blocked")
	a.post(r, "/admin/users", a.createUser)
	a.get(r, "/admin/users/{user_id}", a.showUser)
	a.update(r, "/admin/users/{user_id}", a.updateUser)
	a.route(r, http.MethodDelete, "/admin/users/{user_id}", a.deleteUser)
	a.route(r, http.MethodPatch, "/admin/users/{user_id}/actions/block", a.blockUser)
	a.route(r, http.MethodPatch, "/admin/users/{user_id}/actions/unblock", a.unblockUser)
	a.mountRoles(r)
	a.mountHeldRoles(r)
	a.mountFactors(r)
	a.mountApprovals(r)
	a.mountTokens(r)
}

func (a *Adapter) listUsers(w http.ResponseWriter, r *http.Request) error {
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
	users, total, err := a.provider.Store().PageOfUsers(r.Context(), filter, p)
	if err != nil {
		return err
	}
	return a.answerList(w, r, objects(users, func(u storage.User) userObject { return newUserObject(&u) }),
		pagingOf(p, total))
}

func (a *Adapter) answerUser(w http.ResponseWriter, r *http.Request, status int, id string) error {
	user, err := a.provider.Store().FindUser(r.Context(), id)
	if err != nil {
		return err
	}
	return a.respond(w, r, status, newUserObject(user))
}

func (a *Adapter) showUser(w http.ResponseWriter, r *http.Request) error {
	return a.answerUser(w, r, http.StatusOK, mux.Vars(r)["user_id"])
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

func (a *Adapter) createUser(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "user", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	store := a.provider.Store()
	user := storage.User{ID: store.NewID(), PasswordSetAt: store.Now(), CreatedAt: store.Now(), UpdatedAt: store.Now()}
	c.text("email")
	readUser(c, &user)
	password, factor, blocked := c.text("password"), a.readUserFactor(c), readBlock(c, false, "")
	user.IsBlocked, user.BlockReason = blocked.isBlocked, blocked.reason
	if failed := c.failed(); failed != nil {
		return failed
	}
	var err error
	if user.Password, err = a.provider.HashPassword(r.Context(), password); err != nil {
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
	return a.answerUser(w, r, http.StatusCreated, user.ID)
}

func emailTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return failureValidation(map[string]rule{"email": ruleTaken}).because(err)
	}
	return err
}

// updateUser changes what the body has, the password, the second factor and the block too: all of it, or nothing.
func (a *Adapter) updateUser(w http.ResponseWriter, r *http.Request) error {
	user, err := a.provider.Store().FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	readUser(c, user)
	password, factor := c.optionalText("password"), a.readUserFactor(c)
	blocked := readBlock(c, user.IsBlocked, user.BlockReason)
	if failed := c.failed(); failed != nil {
		return failed
	}
	hash := ""
	if password != "" {
		if hash, err = a.provider.HashNewPassword(r.Context(), user.ID, password); err != nil {
			return passwordFailure(err)
		}
	}
	store := a.provider.Store()
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
	return a.answerUser(w, r, http.StatusOK, user.ID)
}

func (a *Adapter) deleteUser(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["user_id"]
	if err := a.provider.Store().DeleteUser(r.Context(), id); err != nil {
		return err
	}
	return answerNothing(w)
}

func (a *Adapter) blockUser(w http.ResponseWriter, r *http.Request) error {
	id := mux.Vars(r)["user_id"]
	reason, failed := blockReason(w, r, "user")
	if failed != nil {
		return failed
	}
	err := a.provider.Store().BlockUser(r.Context(), id, reason)
	if errors.Is(err, storage.ErrConflict) {
		return conflict("user already blocked")
	}
	if err != nil {
		return err
	}
	a.provider.CountBlock(provider.BlockedUser)
	return a.answerUser(w, r, http.StatusOK, id)
}

func (a *Adapter) unblockUser(w http.ResponseWriter, r *http.Request) error {
	user, err := a.provider.Store().FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	if !user.IsBlocked {
		return conflict("user already unblocked")
	}
	if err := a.provider.Store().UnblockUser(r.Context(), user.ID); err != nil {
		return err
	}
	return a.answerUser(w, r, http.StatusOK, user.ID)
}
