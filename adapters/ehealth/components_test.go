package ehealth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/outbound"

	"github.com/stretchr/testify/assert"
)

// components are the services around the provider, which check what they are sent.
type components struct {
	t  testing.TB
	mu sync.Mutex
	// texts are what each phone got.
	texts   map[string][]string
	smsAway bool
	// signed is what the signature service answers about a message.
	signed     map[string]string
	signedCode int
	// signatures answers instead, where there is one.
	signatures http.Handler
	persons    map[string]string
	server     *httptest.Server
}

func newComponents(t testing.TB) *components {
	c := &components{t: t, texts: map[string][]string{}, signed: map[string]string{}, signedCode: http.StatusOK}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms", c.sms)
	mux.HandleFunc("POST /otp/verifications", c.verifications)
	mux.HandleFunc("POST /siteverify", c.siteverify)
	mux.HandleFunc("POST /digital_signatures", c.digitalSignatures)
	mux.HandleFunc("GET /persons/{id}", c.person)
	c.server = httptest.NewServer(mux)
	t.Cleanup(c.server.Close)
	return c
}

func (c *components) options() identity.Components {
	return identity.Components{
		SMS: identity.HTTPSMS{Service: outbound.Service{URL: c.server.URL + "/sms", Token: "sms token"}},
		Captcha: identity.ReCAPTCHA{Service: outbound.Service{URL: c.server.URL + "/siteverify",
			Token: "site secret"}},
		Signatures: identity.SignatureService{Service: outbound.Service{URL: c.server.URL +
			"/digital_signatures"}},
		Persons:          persons{c},
		PasswordLifetime: 90 * 24 * time.Hour,
	}
}

func (c *components) sms(w http.ResponseWriter, r *http.Request) {
	assert.Equal(c.t, "Bearer sms token", r.Header.Get("Authorization"))
	assert.Equal(c.t, "application/json", r.Header.Get("Content-Type"))
	var message struct {
		Phone string `json:"phone_number"`
		Body  string `json:"body"`
	}
	assert.NoError(c.t, json.NewDecoder(r.Body).Decode(&message))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.smsAway {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	assert.Regexp(c.t,
		`^(Код підтвердження: [1-9]{6}|(Номер телефону|Код із SMS) .* (змінено|вилучено|вимкнено).*)$`, message.Body)
	c.texts[message.Phone] = append(c.texts[message.Phone], message.Body)
}

// verifications answers with the status that a phone ends with.
func (c *components) verifications(w http.ResponseWriter, r *http.Request) {
	assert.Equal(c.t, "Bearer otp token", r.Header.Get("Authorization"))
	var message struct {
		Phone string `json:"phone_number"`
	}
	assert.NoError(c.t, json.NewDecoder(r.Body).Decode(&message))
	status, err := strconv.Atoi(message.Phone[len(message.Phone)-3:])
	assert.NoError(c.t, err)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":{"type":"otp_timeout","message":"Wait a minute."}}`)
}

// code is the last that a phone got, as a JSON integer.
func (c *components) code(phone string) json.Number {
	c.mu.Lock()
	defer c.mu.Unlock()
	texts := c.texts[phone]
	if len(texts) == 0 {
		c.t.Fatalf("%s got no message", phone)
	}
	last := texts[len(texts)-1]
	return json.Number(last[len(last)-6:])
}

// wrong is a code that the phone did not get.
func (c *components) wrong(phone string) json.Number {
	if c.code(phone) == "111111" {
		return "222222"
	}
	return "111111"
}

func (c *components) siteverify(w http.ResponseWriter, r *http.Request) {
	assert.Equal(c.t, "site secret", r.PostFormValue("secret"))
	assert.NotEmpty(c.t, r.PostFormValue("remoteip"))
	assert.Empty(c.t, r.Header.Get("Authorization"), "the secret goes in the form")
	if r.PostFormValue("response") == "good" {
		_, _ = io.WriteString(w, `{"success":true}`)
		return
	}
	_, _ = io.WriteString(w, `{"success":false,"error-codes":["invalid-input-response","timeout-or-duplicate"]}`)
}

func (c *components) digitalSignatures(w http.ResponseWriter, r *http.Request) {
	if c.signatures != nil {
		c.signatures.ServeHTTP(w, r)
		return
	}
	var message map[string]string
	assert.NoError(c.t, json.NewDecoder(r.Body).Decode(&message))
	assert.Equal(c.t, "base64", message["signed_content_encoding"])
	c.mu.Lock()
	defer c.mu.Unlock()
	w.WriteHeader(c.signedCode)
	_, _ = io.WriteString(w, c.signed[message["signed_content"]])
}

func (c *components) person(w http.ResponseWriter, r *http.Request) {
	entry, known := c.persons[r.PathValue("id")] // a tax id, and after a blank the status
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	taxID, status, _ := strings.Cut(entry, " ")
	_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]string{"tax_id": taxID, "status": status}})
}

// persons asks the registry only where a test has one.
type persons struct{ components *components }

func (p persons) FindPerson(ctx context.Context, id string) (string, error) {
	if p.components.persons == nil {
		return "3087512347", nil
	}
	service := identity.PersonService{Service: outbound.Service{URL: p.components.server.URL + "/persons"}}
	return service.FindPerson(ctx, id)
}
