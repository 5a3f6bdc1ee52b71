package ehealth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider"
	"ithildin/storage"
)

// clientsAPI manages clients (contract section 2.7.2).
type clientsAPI struct {
	answers
	store    *storage.Store
	provider *provider.Provider
}

// clientObject is a client as the old system shows it. Secrets belong to connections and are never part of it.
type clientObject struct {
	ID              string          `json:"id"`
	Name            string          `json:"name"`
	UserID          *string         `json:"user_id"`
	ClientTypeID    *string         `json:"client_type_id"`
	ClientTypeName  string          `json:"client_type_name,omitempty"`
	Settings        json.RawMessage `json:"settings"`
	PrivateSettings json.RawMessage `json:"priv_settings,omitempty"`
	IsBlocked       bool            `json:"is_blocked"`
	BlockReason     *string         `json:"block_reason"`
	InsertedAt      string          `json:"inserted_at"`
	UpdatedAt       string          `json:"updated_at"`
}

func newClientObject(c storage.Client) clientObject {
	return clientObject{
		ID: c.ID, Name: c.Name, UserID: orNull(c.OwnerID), ClientTypeID: orNull(c.TypeID), Settings: jsonObject(c.Settings),
		PrivateSettings: jsonObject(c.PrivateSettings), IsBlocked: c.IsBlocked, BlockReason: orNull(c.BlockReason),
		InsertedAt: naiveTime(c.CreatedAt), UpdatedAt: naiveTime(c.UpdatedAt),
	}
}

func (a *clientsAPI) list(w http.ResponseWriter, r *http.Request) error {
	f := newFilters(r)
	filter := storage.ClientFilter{
		Like: f.stringOf("name"), TypeID: f.id("client_type_id"), OwnerID: f.id("user_id"), IDs: f.ids("ids"),
		IsBlocked: f.boolean("is_blocked"),
	}
	if id := f.id("id"); id != "" && len(filter.IDs) == 0 {
		filter.IDs = []string{id}
	}
	if failed := f.failed(); failed != nil {
		return failed
	}
	p := pageAsked(r)
	clients, total, err := a.store.PageOfClients(r.Context(), filter, p)
	if err != nil {
		return err
	}
	return a.answerList(w, r, objects(clients, newClientObject), pagingOf(p, total))
}

func (a *clientsAPI) show(w http.ResponseWriter, r *http.Request) error {
	return a.answerNamed(w, r, true)
}

// showDetails leaves the private settings out.
func (a *clientsAPI) showDetails(w http.ResponseWriter, r *http.Request) error {
	return a.answerNamed(w, r, false)
}

// answerNamed adds the name of the client's type.
func (a *clientsAPI) answerNamed(w http.ResponseWriter, r *http.Request, withPrivateSettings bool) error {
	client, err := a.store.LoadClient(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	object := newClientObject(*client)
	object.ClientTypeName = client.TypeName
	if !withPrivateSettings {
		object.PrivateSettings = nil
	}
	return a.respond(w, r, http.StatusOK, object)
}

// answer reads the client anew, so that the answer is what is stored.
func (a *clientsAPI) response(w http.ResponseWriter, r *http.Request, status int, id string) error {
	client, err := a.store.LoadClient(r.Context(), id)
	if err != nil {
		return err
	}
	return a.respond(w, r, status, newClientObject(*client))
}

func (a *clientsAPI) create(w http.ResponseWriter, r *http.Request) error {
	return a.save(w, r, a.store.NewID(), nil)
}

// put creates or updates a client under the id that the caller chose: a legal entity's (contract section 1).
func (a *clientsAPI) put(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	known, err := a.store.LoadClient(r.Context(), id)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return a.save(w, r, id, known)
}

// save reads the body and stores a new client, or changes a known one. What the body leaves out stays.
func (a *clientsAPI) save(w http.ResponseWriter, r *http.Request, id string, known *storage.Client) error {
	fields, failed := readObject(w, r, "client", errMalformed)
	if failed != nil {
		return failed
	}
	store := a.store
	client, err := newMithrilClient(id, store.Now())
	if err != nil {
		return err
	}
	if known != nil {
		client = *known
	}
	c := newCheck(fields)
	blocked := readBlock(c, client.IsBlocked, client.BlockReason)
	if failed := readClient(c, &client); failed != nil {
		return failed
	}
	if err := a.checkReferences(r, client); err != nil {
		return err
	}
	if known != nil {
		err := store.Together(r.Context(), func(ctx context.Context) error {
			if err := store.UpdateClient(ctx, client); err != nil {
				return err
			}
			return blocked.store(ctx, store.SetClientBlock, id)
		})
		if err != nil {
			return err
		}
		if blocked.begins {
			a.provider.CountBlock(provider.BlockedClient)
		}
		return a.response(w, r, http.StatusOK, id)
	}
	client.IsBlocked, client.BlockReason = blocked.isBlocked, blocked.reason
	if err := store.CreateClient(r.Context(), client); err != nil {
		return err
	}
	if r.Method != http.MethodPost { // a client under an id of the caller's choice is 200
		return a.response(w, r, http.StatusOK, id)
	}
	w.Header().Set("Location", "/admin/clients/"+id)
	return a.response(w, r, http.StatusCreated, id)
}

// defaultPrivateSettings are those of a client for which the caller gives none.
const defaultPrivateSettings = `{"access_type":"` + storage.AccessTypeBroker + `"}`

// newMithrilClient is a client as the admin API makes them: with the settings of the old system, and as free as one
// that was imported from it, since the services that make clients know no other kind.
func newMithrilClient(id string, now time.Time) (storage.Client, error) {
	client, err := storage.NewClient(id, storage.PresetMithril, now)
	if err != nil {
		return client, err
	}
	if client.Policy, err = storage.ImportedPolicy(); err != nil {
		return client, err
	}
	return client, client.SetAccessType(storage.AccessTypeBroker)
}

// readClient takes what the body has. A client needs a name, a type and an owner: also one that is there without.
func readClient(c *check, client *storage.Client) *contractError {
	if client.Name == "" || c.present("name") {
		client.Name = c.name("name")
	}
	if client.TypeID == "" || c.present("client_type_id") {
		client.TypeID = c.reference("client_type_id")
	}
	if client.OwnerID == "" || c.present("user_id") {
		client.OwnerID = c.reference("user_id")
	}
	if settings := c.settings("settings", "{}"); settings != nil {
		client.Settings = settings
	}
	if settings := c.settings("priv_settings", defaultPrivateSettings); settings != nil {
		client.PrivateSettings = settings
		switch access := client.AccessType(); access {
		case storage.AccessTypeDirect, storage.AccessTypeBroker:
		case "":
			c.broke("priv_settings", rule{Description: "access_type required.", Params: []string{}})
		default:
			c.broke("priv_settings", rule{Description: "access_type is invalid.", Params: []string{}})
		}
	}
	return c.failed()
}

// settings is a JSON object that is not null where the field is there; an empty text stands for the default.
func (c *check) settings(name, standard string) json.RawMessage {
	switch {
	case !c.present(name):
		return nil
	case c.isEmptyText(name):
		return json.RawMessage(standard)
	case !c.given(name):
		c.broke(name, ruleRequired)
		return nil
	}
	return c.object(name)
}

// checkReferences names the field whose row is not there.
func (a *clientsAPI) checkReferences(r *http.Request, client storage.Client) error {
	types, err := a.store.ListClientTypes(r.Context())
	if err != nil {
		return err
	}
	broken := map[string]rule{}
	if !slices.ContainsFunc(types, func(t storage.ClientType) bool { return t.ID == client.TypeID }) {
		broken["client_type"] = ruleMissing
	}
	if client.OwnerID != "" {
		_, err := a.store.FindUser(r.Context(), client.OwnerID)
		if errors.Is(err, storage.ErrNotFound) {
			broken["user"] = ruleMissing
		} else if err != nil {
			return err
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return invalidFields(broken)
}

// ruleMissing is a reference to what is not there.
var ruleMissing = rule{Description: "does not exist", Params: []string{}}

func (a *clientsAPI) delete(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	if err := a.store.DeleteClient(r.Context(), id); err != nil {
		return err
	}
	return answerNothing(w)
}

// deactivateTokens ends all that was issued to a client.
func (a *clientsAPI) deactivateTokens(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	if err := a.store.DeactivateTokens(r.Context(), id); err != nil {
		return err
	}
	return a.answerNamed(w, r, true)
}

func (a *clientsAPI) block(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	reason, failed := blockReason(w, r, "client")
	if failed != nil {
		return failed
	}
	err := a.store.BlockClient(r.Context(), id, reason)
	if errors.Is(err, storage.ErrConflict) {
		return conflict("client already blocked")
	}
	if err != nil {
		return err
	}
	a.provider.CountBlock(provider.BlockedClient)
	return a.response(w, r, http.StatusOK, id)
}

func (a *clientsAPI) unblock(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	client, err := a.store.LoadClient(r.Context(), id)
	if err != nil {
		return err
	}
	if !client.IsBlocked {
		return conflict("client already unblocked")
	}
	if err := a.store.UnblockClient(r.Context(), id); err != nil {
		return err
	}
	return a.response(w, r, http.StatusOK, id)
}

// blockReason reads why somebody is blocked, or is so no more. A body of any other shape has no reason, as in the old
// system.
func blockReason(w http.ResponseWriter, r *http.Request, key string) (string, *contractError) {
	fields, failed := readObject(w, r, "", errMalformed)
	if failed != nil {
		return "", failed
	}
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(fields[key], &wrapped) != nil {
		return "", nil
	}
	c := newCheck(wrapped)
	reason := c.optionalName("block_reason")
	return reason, c.failed()
}
