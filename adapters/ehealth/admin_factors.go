package ehealth

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"ithildin/storage"
)

// factorsAPI manages the second factors of users (contract section 2.7.9).
type factorsAPI struct {
	answers
	store *storage.Store
}

// factorObject is a second factor.
type factorObject struct {
	ID         string  `json:"id"`
	UserID     string  `json:"user_id"`
	Type       string  `json:"type"`
	Factor     *string `json:"factor"`
	IsActive   bool    `json:"is_active"`
	InsertedAt string  `json:"inserted_at"`
	UpdatedAt  string  `json:"updated_at"`
}

func newFactorObject(f storage.AuthenticationFactor) factorObject {
	return factorObject{
		ID: f.ID, UserID: f.UserID, Type: f.Type, Factor: orNull(f.Factor), IsActive: f.IsActive,
		InsertedAt: naiveTime(f.CreatedAt), UpdatedAt: naiveTime(f.UpdatedAt),
	}
}

func (a *factorsAPI) ofUser(r *http.Request) ([]storage.AuthenticationFactor, error) {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return nil, err
	}
	return a.store.ListAuthenticationFactors(r.Context(), user.ID)
}

func (a *factorsAPI) list(w http.ResponseWriter, r *http.Request) error {
	factors, err := a.ofUser(r)
	if err != nil {
		return err
	}
	f := newFilters(r)
	kind, active := f.text("type"), f.boolean("is_active")
	if failed := f.failed(); failed != nil {
		return failed
	}
	factors = slices.DeleteFunc(factors, func(f storage.AuthenticationFactor) bool {
		return kind != "" && f.Type != kind || active != nil && f.IsActive != *active
	})
	found, p := pageOf(r, factors)
	return a.answerList(w, r, objects(found, newFactorObject), p)
}

func (a *factorsAPI) find(r *http.Request) (storage.AuthenticationFactor, error) {
	factors, err := a.ofUser(r)
	if err != nil {
		return storage.AuthenticationFactor{}, err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return storage.AuthenticationFactor{}, err
	}
	for _, f := range factors {
		if f.ID == id {
			return f, nil
		}
	}
	return storage.AuthenticationFactor{}, failureNotFound
}

func (a *factorsAPI) show(w http.ResponseWriter, r *http.Request) error {
	factor, err := a.find(r)
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusOK, newFactorObject(factor))
}

// create makes a factor; without a phone, its user is asked for one at the next sign-in.
func (a *factorsAPI) create(w http.ResponseWriter, r *http.Request) error {
	user, err := a.store.FindUser(r.Context(), mux.Vars(r)["user_id"])
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "authentication_factor", failureMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	store := a.store
	factor := storage.AuthenticationFactor{
		ID: store.NewID(), UserID: user.ID, Type: c.oneOf("type", factorSMS), Factor: c.optionalText("factor"),
		IsActive:  true,
		CreatedAt: store.Now(), UpdatedAt: store.Now(),
	}
	if factor.Factor != "" && !phone.MatchString(factor.Factor) {
		c.broke("factor", rulePhone)
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	err = store.CreateAuthenticationFactor(r.Context(), factor)
	if errors.Is(err, storage.ErrConflict) {
		return failureValidation(map[string]rule{"type": ruleTaken})
	}
	if err != nil {
		return err
	}
	return a.respond(w, r, http.StatusCreated, newFactorObject(factor))
}

// change enables or disables a factor, or takes its phone away.
func (a *factorsAPI) change(w http.ResponseWriter, r *http.Request) error {
	factor, err := a.find(r)
	if err != nil {
		return err
	}
	switch mux.Vars(r)["action"] {
	case "enable":
		factor.IsActive = true
	case "disable":
		factor.IsActive = false
	case "reset":
		factor.Factor = ""
	}
	if err := a.store.UpdateAuthenticationFactor(r.Context(), factor); err != nil {
		return err
	}
	factor.UpdatedAt = a.store.Now()
	return a.respond(w, r, http.StatusOK, newFactorObject(factor))
}
