package ehealth

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"ithildin/storage"
)

// latestExpiry is the last second of the year 9999.
const latestExpiry = 253402300799

// writtenToken is what the body of a token says.
type writtenToken struct {
	storage.IssuedToken
	value     string     // "" where the body has none
	expiresAt *time.Time // nil where the body has none
}

// create stores a token with the value that the caller gives. That is the one answer with the value.
func (a *issuedTokensAPI) create(w http.ResponseWriter, r *http.Request) error {
	fields, failed := readObject(w, r, "token", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	id, err := uuid.NewV7() // in the order of making, by which tokens that expire at once are listed
	if err != nil {
		return err
	}
	t := writtenToken{IssuedToken: storage.IssuedToken{ID: id.String()}}
	t.read(c, true)
	if failed := c.failed(); failed != nil {
		return failed
	}
	t.ExpiresAt = *t.expiresAt
	if err := a.checkUser(r, t.UserID); err != nil {
		return err
	}
	err = a.store.CreateIssued(r.Context(), t.IssuedToken, storage.Hash(t.value))
	if err != nil {
		return valueTaken(err)
	}
	object := newIssuedObject(t.IssuedToken)
	object.Value = &t.value
	return a.answerCreated(w, r, "/admin/tokens/"+t.ID, object)
}

// update changes what the body has; details are replaced as a whole.
func (a *issuedTokensAPI) update(w http.ResponseWriter, r *http.Request) error {
	known, err := a.find(r)
	if err != nil {
		return err
	}
	fields, failed := readObject(w, r, "token", errMalformed)
	if failed != nil {
		return failed
	}
	c := newCheck(fields)
	t := writtenToken{IssuedToken: known}
	t.read(c, false)
	if !storage.KeptWith(known.Kind, t.Kind) {
		c.broke("name", ruleInclusion(known.Kind))
	}
	if failed := c.failed(); failed != nil {
		return failed
	}
	if t.UserID != known.UserID {
		if err := a.checkUser(r, t.UserID); err != nil {
			return err
		}
	}
	var hash []byte
	if t.value != "" {
		hash = storage.Hash(t.value)
	}
	if err := a.store.UpdateIssued(r.Context(), t.IssuedToken, hash, t.expiresAt); err != nil {
		return valueTaken(err)
	}
	if known, err = a.find(r); err != nil {
		return err
	}
	object := newIssuedObject(known)
	object.Value = orNull(t.value)
	return a.respond(w, r, http.StatusOK, object)
}

func valueTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return invalidFields(map[string]rule{"value": ruleTaken}).because(err)
	}
	return err
}

// ruleTokenUser is how the old system worded a user_id that is no UUID.
var ruleTokenUser = rule{Rule: "format", Description: "has invalid format", Params: []string{
	`~r/[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}/`,
}}

func (a *issuedTokensAPI) checkUser(r *http.Request, id string) error {
	_, err := a.store.FindUser(r.Context(), id)
	if errors.Is(err, storage.ErrNotFound) {
		return invalidFields(map[string]rule{"user_id": ruleMissing})
	}
	return err
}

// read takes what the body has; a new token needs all of it.
func (t *writtenToken) read(c *check, isNew bool) {
	if isNew || c.present("name") {
		t.Kind = c.name("name")
	}
	if isNew || c.present("value") {
		t.value = c.name("value")
	}
	if t.UserID == "" || c.present("user_id") {
		id, isUUID := parseUUID(c.stringOf("user_id"))
		if !isUUID {
			c.broke("user_id", ruleTokenUser)
		}
		t.UserID = id
	}
	if isNew || c.present("expires_at") {
		expiresAt := c.integer("expires_at")
		if expiresAt < 0 || expiresAt > latestExpiry {
			c.broke("expires_at", ruleInteger)
		}
		moment := storage.FromEpochSeconds(expiresAt)
		t.expiresAt = &moment
	}
	if isNew || c.present("details") {
		if c.given("details") && !c.isEmptyText("details") {
			t.readDetails(c)
		} else {
			c.broke("details", ruleRequired)
		}
	}
	if t.Session != nil {
		t.Session.UserID, t.Session.Subject = t.UserID, t.UserID
	}
}

// readDetails takes what counts of the details, and keeps all to show them. A refresh token among them is dropped: it
// opens doors, and of such only hashes are kept.
func (t *writtenToken) readDetails(c *check) {
	details, err := cleanDetails(c.object("details"))
	if err != nil {
		c.broke("details", ruleMap)
		return
	}
	member := func(name string) string {
		value, _ := details[name].(string) // what is no text counts as absent
		return value
	}
	t.ClientID, _ = parseUUID(member("client_id"))
	t.RedirectURI, t.Scope = "", member("scope")
	t.Session = &storage.Session{
		GrantType: member("grant_type"), RedirectURI: member("redirect_uri"), ScopeRequest: member("scope_request"),
		Factor: member("request_authentication_factor"), FactorType: member("request_authentication_factor_type"),
	}
	if t.Kind == storage.KindAuthorizationCode {
		t.RedirectURI, t.Scope = t.Session.RedirectURI, t.Session.ScopeRequest
		t.Session.RedirectURIGiven, t.Session.ScopeRequest = true, ""
	}
	t.Session.Details, err = json.Marshal(details)
	if err != nil || bytes.Contains(t.Session.Details, []byte(`\u0000`)) { // no column takes it
		c.broke("details", ruleMap)
	}
}

// cleanDetails decodes details without a refresh token. Numbers stay as they were written.
func cleanDetails(raw json.RawMessage) (details map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	err = decoder.Decode(&details)
	delete(details, "refresh_token")
	return details, err
}
