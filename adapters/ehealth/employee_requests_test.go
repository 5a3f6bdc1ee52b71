package ehealth_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const (
	nurseEmail    = "nurse@example.com"
	nursePassword = "Correct horse battery 5taple"
	nursePhone    = "+380671112233"
	rulesURI      = "https://zakon.example/rules"
)

// eHealthAPI stands in the place of ehealth.api, as far as it has to do with employee requests. It makes accounts and
// gives roles by the admin API, and judges tokens by it, as ehealth.api and its gateway do.
type eHealthAPI struct {
	t        testing.TB
	world    *world
	server   *httptest.Server
	mu       sync.Mutex
	requests map[string]*employeeRequest // by their codes
	calls    []string                    // methods and paths, with the code or id replaced
	bearers  []string
	// before answers in the place of ehealth.api where it says true.
	before func(w http.ResponseWriter, r *http.Request) bool
}

// employeeRequest is one that ehealth.api keeps.
type employeeRequest struct {
	id, status, email, taxID string
}

// inviting is a world with an ehealth.api.
func inviting(t testing.TB, engine storagetest.Engine, changes ...func(*provider.Options)) (*world, *eHealthAPI) {
	api := &eHealthAPI{t: t, requests: map[string]*employeeRequest{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/invite/{code}", api.invite)
	mux.HandleFunc("GET /api/dictionaries", api.dictionaries)
	mux.HandleFunc("POST /api/employee_requests/{id}/user", api.user)
	mux.HandleFunc("POST /api/employee_requests/{id}/{action}", api.act)
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { assert.Fail(t, r.Method+" "+r.URL.Path) })
	api.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if api.before == nil || !api.before(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(api.server.Close)
	w := newWorld(t, engine, append([]func(*provider.Options){func(o *provider.Options) {
		o.Invitations = provider.Invitations{EHealthAPI: api.server.URL + "/", ClientID: frontID, RulesURI: rulesURI}
	}}, changes...)...)
	w.change(hospitalID, func(c *storage.Client) { c.Metadata.InitiateLoginURI = "https://mis-a.example/begin?from=mail" })
	api.world = w
	return w, api
}

// add stores an employee request and returns its code.
func (a *eHealthAPI) add(email, taxID string) (code string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := uuid.NewString()
	code = base64.StdEncoding.EncodeToString([]byte("encrypted/" + id + "?>"))
	a.requests[code] = &employeeRequest{id: id, status: "NEW", email: email, taxID: taxID}
	return code
}

// alter changes an employee request.
func (a *eHealthAPI) alter(code string, change func(*employeeRequest)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a.requests[code])
}

func (a *eHealthAPI) status(code string) (status string) {
	a.alter(code, func(r *employeeRequest) { status = r.status })
	return status
}

// called returns the calls since the last time.
func (a *eHealthAPI) called() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := a.calls
	a.calls = nil
	return calls
}

func (a *eHealthAPI) invite(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, "GET invite")
	assert.Empty(a.t, r.Header.Get("Authorization"))
	request := a.requests[r.PathValue("code")]
	if request == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	assert.NoError(a.t, json.NewEncoder(w).Encode(map[string]any{
		"meta": map[string]any{"code": 200},
		"data": map[string]any{
			"id": request.id, "status": request.status, "employee_type": "DOCTOR", "position": "P1",
			"start_date": "2026-12-01", "legal_entity": map[string]any{"id": hospitalID, "name": "Клініка «Здоров’я»"},
			"party": map[string]any{
				"first_name": "Олена", "second_name": "Іванівна", "last_name": "Коваль", "birth_date": "1980-02-29",
				"tax_id": request.taxID, "email": request.email, "phones": []any{map[string]any{"number": "+380991234567"}},
				"documents": []any{map[string]any{"number": "АА120518"}},
			},
			"doctor": map[string]any{"educations": []any{map[string]any{"diploma_number": "DD123543"}}},
		},
		"urgent": map[string]any{},
	}))
}

// dictionaries has the one of positions.
func (a *eHealthAPI) dictionaries(w http.ResponseWriter, r *http.Request) {
	assert.Equal(a.t, "name=POSITION", r.URL.RawQuery)
	assert.Empty(a.t, r.Header.Get("Authorization"))
	_, _ = io.WriteString(w, `{"data":[{"name":"POSITION","values":{"P1":"Головний лікар"}}]}`)
}

// find reads an employee request by its id.
func (a *eHealthAPI) find(id string) *employeeRequest {
	for _, request := range a.requests {
		if request.id == id {
			return request
		}
	}
	return nil
}

// user makes the account of the invited address, without a token, as ehealth.api does.
func (a *eHealthAPI) user(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, "POST user")
	assert.Empty(a.t, r.Header.Get("Authorization"))
	assert.Equal(a.t, "application/json", r.Header.Get("Content-Type"))
	var fields map[string]string
	assert.NoError(a.t, json.NewDecoder(r.Body).Decode(&fields))
	assert.Len(a.t, fields, 1)
	request := a.find(r.PathValue("id"))
	if request.status != "NEW" {
		w.WriteHeader(http.StatusConflict)
		return
	}
	made := a.world.admin(http.MethodPost, "users", body("user", map[string]any{
		"email": request.email, "password": fields["password"],
	}))
	w.WriteHeader(made.status)
	_, _ = io.WriteString(w, made.raw)
}

// act is the approval or the rejection, by the token of the invited person.
func (a *eHealthAPI) act(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, "POST "+r.PathValue("action"))
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	assert.True(a.t, isBearer)
	a.bearers = append(a.bearers, token)
	content, err := io.ReadAll(r.Body)
	assert.NoError(a.t, err)
	assert.JSONEq(a.t, "{}", string(content))
	verified := a.world.verify(token)
	assert.Equal(a.t, http.StatusOK, verified.status, verified.raw)
	assert.Equal(a.t, "employee_request:approve employee_request:reject", verified.member("data.details.scope"))
	assert.Equal(a.t, frontID, verified.member("data.details.client_id"))
	userID := verified.member("data.user_id")
	user := a.world.admin(http.MethodGet, "users/"+userID, "")
	request := a.find(r.PathValue("id"))
	switch {
	case user.member("data.email") != request.email, request.status == "EXPIRED":
		w.WriteHeader(http.StatusForbidden)
		return
	case request.status != "NEW":
		w.WriteHeader(http.StatusConflict)
		return
	case r.PathValue("action") == "reject":
		request.status = "REJECTED"
	default:
		assert.Equal(a.t, "approve", r.PathValue("action"))
		request.status = "APPROVED"
		given := a.world.admin(http.MethodPost, "users/"+userID+"/roles", body("user_role", map[string]any{
			"role_id": a.world.doctorRole.ID, "client_id": hospitalID,
		}))
		assert.Contains(a.t, []int{http.StatusCreated, http.StatusUnprocessableEntity}, given.status, "new, or held already")
	}
	_, _ = io.WriteString(w, `{"data":{}}`)
}

// follow opens the link of a letter.
func (b *browser) follow(code string) page {
	return b.read(b.http.Get(b.stack.server.URL + "/invite?" + url.Values{"invite": {code}}.Encode()))
}

// reload opens the address of a page again, with the request that the page carries.
func (b *browser) reload(p page) page {
	found := hidden.FindStringSubmatch(p.body)
	require.NotNil(b.stack.t, found, p.body)
	return b.read(b.http.Get(b.stack.server.URL + p.path + "?request=" + url.QueryEscape(found[1])))
}

func chosen(password string) url.Values {
	return url.Values{"password": {password}, "repeat": {password}, "agree": {"yes"}}
}

// register goes from the link to the answer page as somebody without an account.
func (b *browser) register(code string) page {
	t, components := b.stack.t, b.stack.components
	p := b.submit(b.follow(code), chosen(nursePassword))
	require.Equal(t, "/login/phone", p.path, p.body)
	p = b.submit(p, url.Values{"phone": {nursePhone}})
	require.Equal(t, "/login/code", p.path, p.body)
	p = b.submit(p, url.Values{"code": {components.code(nursePhone).String()}})
	require.Equal(t, "/login/invite/accept", p.path, p.body)
	return p
}

// answerPage goes from the link to the answer page as the doctor, who has a phone.
func (b *browser) answerPage(code string) page {
	t := b.stack.t
	p := b.submit(b.follow(code), url.Values{})
	require.Equal(t, "/login/sign-in", p.path, p.body)
	p = b.submit(p, url.Values{"username": {doctorEmail}, "password": {doctorPassword}})
	require.Equal(t, "/login/code", p.path, p.body)
	p = b.submit(p, url.Values{"code": {b.stack.components.code(doctorPhone).String()}})
	require.Equal(t, "/login/invite/accept", p.path, p.body)
	return p
}

var accepts = url.Values{"decision": {"accept"}, "rules": {"yes"}}
