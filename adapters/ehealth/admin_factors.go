package ehealth

import (
	"errors"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// factorsAPI manages the second factors of users (contract section 2.7.9).
type factorsAPI struct {
	answers
	store *storage.Store
}

// factorObject is a second factor. User is a userObject, but an object without members in a list.
type factorObject struct {
	ID         string  `json:"id"`
	Factor     *string `json:"factor"`
	IsActive   bool    `json:"is_active"`
	Type       string  `json:"type"`
	UserID     string  `json:"user_id"`
	InsertedAt string  `json:"inserted_at"`
	UpdatedAt  string  `json:"updated_at"`
	User       any     `json:"user"`
}

func newFactorObject(f storage.AuthenticationFactor) factorObject {
	return factorObject{
		ID: f.ID, Factor: orNull(identity.MaskedFactor(f)), IsActive: f.IsActive, Type: f.Type, UserID: f.UserID,
		InsertedAt: naiveTime(f.CreatedAt), UpdatedAt: naiveTime(f.UpdatedAt), User: struct{}{},
	}
}

// withUser shows a factor with its user.
func (a *factorsAPI) withUser(r *http.Request, f storage.AuthenticationFactor) (factorObject, error) {
	user, err := a.store.FindUser(r.Context(), f.UserID)
	if err != nil {
		return factorObject{}, err
	}
	object := newFactorObject(f)
	object.User = newUserObject(user)
	return object, nil
}

func (a *factorsAPI) list(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	kind, active := f.stringOf("type"), f.boolean("is_active")
	if failed := f.failed(); failed != nil {
		return failed
	}
	factors, err := a.store.ListAuthenticationFactors(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return err
	}
	factors = slices.DeleteFunc(factors, func(f storage.AuthenticationFactor) bool {
		return kind != "" && f.Type != kind || active != nil && f.IsActive != *active
	})
	found, p := pageOf(r, factors)
	return a.answerList(w, r, objects(found, newFactorObject), p)
}

// find finds the factor of a path, which must be of the path's user.
func (a *factorsAPI) find(r *http.Request) (storage.AuthenticationFactor, error) {
	factors, err := a.store.ListAuthenticationFactors(r.Context(), chi.URLParam(r, "user_id"))
	if err != nil {
		return storage.AuthenticationFactor{}, err
	}
	for _, f := range factors {
		if f.ID == chi.URLParam(r, "id") {
			return f, nil
		}
	}
	return storage.AuthenticationFactor{}, errNotFound
}

func (a *factorsAPI) show(w http.ResponseWriter, r *http.Request) error {
	factor, err := a.find(r)
	if err != nil {
		return err
	}
	object, err := a.withUser(r, factor)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, object)
}

// create makes a factor; without a phone, its user is asked for one at the next sign-in.
func (a *factorsAPI) create(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readParameters(w, r)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	now := a.store.Now()
	factor := storage.AuthenticationFactor{
		ID: a.store.NewID(), UserID: chi.URLParam(r, "user_id"), Type: c.oneOf("type", identity.FactorSMS),
		Factor: c.optionalText("factor"), IsActive: true, CreatedAt: now, UpdatedAt: now,
	}
	if factor.Type == identity.FactorSMS {
		c.optionalPhone("factor")
	}
	if c.given("is_active") && !c.isEmptyText("is_active") {
		factor.IsActive = c.boolean("is_active")
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	switch err := a.store.CreateAuthenticationFactor(r.Context(), factor); {
	case errors.Is(err, storage.ErrNotFound):
		return invalidFields(map[string]rule{"user": ruleMissing})
	case errors.Is(err, storage.ErrConflict):
		return invalidFields(map[string]rule{"user_id": ruleTaken})
	case err != nil:
		return err
	}
	object, err := a.withUser(r, factor)
	if err != nil {
		return err
	}
	return a.answerCreated(w, r, "/admin/users/"+factor.UserID+"/authentication_factors/"+factor.ID, object)
}

// optionalPhone is a number in the form that factors have, "" where the field is absent, null or empty.
func (c *check) optionalPhone(name string) string {
	number := c.optionalText(name)
	if number != "" && !identity.IsPhone(number) {
		c.broke(name, rulePhone)
	}
	return number
}

// phone reads the type of a factor and its number, which must be there. What is no phone is told of the one type that
// has phones.
func (c *check) phone() (kind, number string) {
	kind, number = c.oneOf("type", identity.FactorSMS), c.stringOf("factor")
	if kind == identity.FactorSMS && !identity.IsPhone(number) {
		c.broke("factor", rulePhone)
	}
	return kind, number
}

func (a *factorsAPI) enable(w http.ResponseWriter, r *http.Request) error {
	return a.activate(w, r, true, "user authentication factor already enabled")
}

func (a *factorsAPI) disable(w http.ResponseWriter, r *http.Request) error {
	return a.activate(w, r, false, "user authentication factor already disabled")
}

// activate makes a factor active or inactive; already says that it is so.
func (a *factorsAPI) activate(
	w http.ResponseWriter, r *http.Request, active bool, already string,
) error {
	factor, err := a.find(r)
	if err != nil {
		return err
	}
	err = a.store.ActivateAuthenticationFactor(r.Context(), factor.ID, active)
	if errors.Is(err, storage.ErrConflict) {
		return conflict(already)
	}
	if err != nil {
		return err
	}
	return a.show(w, r)
}

// reset takes the phone of an active factor away.
func (a *factorsAPI) reset(w http.ResponseWriter, r *http.Request) error {
	factor, err := a.find(r)
	if err != nil {
		return err
	}
	if err := a.store.ResetAuthenticationFactor(r.Context(), factor.ID); err != nil {
		return err // an inactive factor: 404
	}
	return a.show(w, r)
}
