package ehealth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-chi/chi/v5"

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
		Email: f.stringOf("email"), TaxID: f.stringOf("tax_id"), IDs: f.ids("ids"), IsBlocked: f.boolean("is_blocked"),
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

func (a *usersAPI) response(w http.ResponseWriter, r *http.Request, status int, id string) error {
	user, err := a.store.FindUser(r.Context(), id)
	if err != nil {
		return err
	}
	return a.respond(w, r, status, newUserObject(user))
}

func (a *usersAPI) show(w http.ResponseWriter, r *http.Request) error {
	return a.response(w, r, http.StatusOK, chi.URLParam(r, "user_id"))
}

// readUser takes what the body has. A null of the ids is an empty text.
func readUser(c *check, u *storage.User) {
	if c.present("email") {
		readEmail(c, u)
	}
	if c.present("tax_id") {
		u.TaxID = c.optionalName("tax_id")
	}
	if c.present("person_id") {
		u.PersonID = c.optionalName("person_id")
	}
	switch {
	case c.isEmptyText("settings"):
		u.Settings = json.RawMessage("{}")
	case c.given("settings"):
		u.Settings = c.object("settings")
	case c.present("settings"):
		u.Settings = json.RawMessage("null")
	}
}

// emailPattern is what the old system took for an address, and told callers so: an address in lower case anywhere in
// the text.
const emailPattern = `(?:[a-z0-9!#$%&'*+\/=?^_` + "`" + `{|}~-]+(?:\.[a-z0-9!#$%&'*+\/=?^_` + "`" + `{|}~-]+)*|"` +
	`(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x21\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*")` +
	`@(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?` +
	`|\[(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?` +
	`|[a-z0-9-]*[a-z0-9]:(?:[\x01-\x08\x0b\x0c\x0e-\x1f\x21-\x5a\x53-\x7f]` +
	`|\\[\x01-\x09\x0b\x0c\x0e-\x7f])+)\])`

var (
	emailForm = regexp.MustCompile(emailPattern)
	ruleEmail = rule{Rule: "email", Description: "is not a valid email", Params: []string{"~r/" + emailPattern + "/"}}
)

// readEmail takes what the old system took, and an address in the letters of other alphabets; what is stored already is
// not checked again. A control character would begin another line of a letter's head.
func readEmail(c *check, u *storage.User) {
	before := u.Email
	u.Email = strings.ToLower(c.name("email"))
	address, err := mail.ParseAddress(u.Email)
	_, domain, _ := strings.Cut(u.Email, "@")
	isAddress := err == nil && address.Address == u.Email && strings.Contains(domain, ".")
	if u.Email != before && (!isAddress && !emailForm.MatchString(u.Email) ||
		strings.ContainsFunc(u.Email, unicode.IsControl)) {
		c.broke("email", ruleEmail)
	}
}

func (a *usersAPI) create(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "user", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	store := a.store
	now := store.Now()
	user := storage.User{ID: store.NewID(), PasswordSetAt: now, CreatedAt: now, UpdatedAt: now}
	c.stringOf("email")
	readUser(c, &user)
	password, factor, blocked := c.stringOf("password"), a.readFactor(c), readBlock(c, false, "")
	user.IsBlocked, user.BlockReason = blocked.isBlocked, blocked.reason
	c.broke("password", passwordRules(identity.CheckLegacyPassword(password))...)
	if failed := c.failed(); failed != nil {
		return failed
	}
	var err error
	if user.Password, err = a.identity.HashPassword(r.Context(), password, identity.CheckLegacyPassword); err != nil {
		return err
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
	w.Header().Set("Location", "/admin/users/"+user.ID)
	return a.response(w, r, http.StatusCreated, user.ID)
}

func emailTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"email": ruleTaken}).because(err)
	}
	return err
}

// update changes what the body has, the password, the second factor and the block too: all of it, or nothing.
func (a *usersAPI) update(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", errMalformed)
	if failed != nil {
		return failed
	}
	return a.change(w, r, user, newCheck(fields))
}

// changePassword is update for a body that must have another password, and the present one with it.
func (a *usersAPI) changePassword(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "user", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	current := c.stringOf("current_password")
	if c.optionalText("password") == "" {
		c.broke("password", rule{Rule: "required", Description: "is not changed", Params: []string{}})
		return a.change(w, r, user, c)
	}
	isCurrent, err := a.identity.IsPasswordOf(r.Context(), user, current)
	if err != nil {
		return err
	}
	if !isCurrent {
		c.broke("current_password", rule{
			Rule: "password", Description: "password does not match password in field current_password", Params: []string{},
		})
	}
	return a.change(w, r, user, c)
}

// change stores what a body says of a user who is known.
func (a *usersAPI) change(w http.ResponseWriter, r *http.Request, user *storage.User, c *check) error {
	readUser(c, user)
	password, factor := "", a.readFactor(c)
	if c.present("password") {
		password = c.stringOf("password")
	}
	blocked := readBlock(c, user.IsBlocked, user.BlockReason)
	hash, err := "", error(nil)
	if password != "" {
		hash, err = a.identity.HashNewPassword(r.Context(), user.ID, password, identity.CheckLegacyPassword)
		c.broke("password", passwordRules(err)...)
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	if err != nil {
		return err
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
	return a.response(w, r, http.StatusOK, user.ID)
}

// delete deletes the clients that the user owns too, as the database of the old system did.
func (a *usersAPI) delete(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "user_id")
	err := a.store.Together(r.Context(), func(ctx context.Context) error {
		for page := (storage.Page{Number: 1}); ; {
			owned, total, err := a.store.PageOfClients(ctx, storage.ClientFilter{OwnerID: id}, page)
			if err != nil {
				return err
			}
			for _, client := range owned {
				if err := a.store.DeleteClient(ctx, client.ID); err != nil {
					return err
				}
			}
			if page.After = total.Next; page.After == "" {
				return a.store.DeleteUser(ctx, id)
			}
		}
	})
	if err != nil {
		return err
	}
	return answerNothing(w)
}

func (a *usersAPI) block(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "user_id")
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
	return a.response(w, r, http.StatusOK, id)
}

func (a *usersAPI) unblock(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return err
	}
	reason, failed := blockReason(w, r, "user")
	if failed != nil {
		return failed
	}
	if !user.IsBlocked {
		return conflict("user already unblocked")
	}
	err = a.store.Together(r.Context(), func(ctx context.Context) error {
		if err := a.store.UnblockUser(ctx, user.ID); err != nil {
			return err
		}
		return a.store.SetUserBlock(ctx, user.ID, false, reason)
	})
	if err != nil {
		return err
	}
	return a.response(w, r, http.StatusOK, user.ID)
}
