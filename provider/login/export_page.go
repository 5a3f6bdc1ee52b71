package login

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"ithildin/storage"
)

// PathExport lets a signed-in person download what is kept about them.
const PathExport = "/login/account/data"

// exportPages are the copy of a person's data. They ask for a sign-in of the last minutes, by a second factor where the
// person has one: whoever has stolen a session takes no copy.
type exportPages struct {
	*credentialPages
	account *accountPages
}

// personalData is the content of the copy. Times are RFC 3339 and UTC. It holds nothing that lets somebody in.
type personalData struct {
	Issuer     string             `json:"issuer"`
	ExportedAt time.Time          `json:"exported_at"`
	Account    exportedAccount    `json:"account"`
	Factors    []exportedFactor   `json:"second_factors"`
	Browsers   []exportedBrowser  `json:"remembered_browsers"`
	Sessions   []exportedSession  `json:"sessions"`
	Approvals  []exportedApproval `json:"approvals"`
	Roles      []exportedRole     `json:"roles"`
	Events     []exportedEvent    `json:"events"`
}

type exportedAccount struct {
	ID            string          `json:"id"`
	Email         string          `json:"email"`
	TaxID         string          `json:"tax_id,omitempty"`
	PersonID      string          `json:"person_id,omitempty"`
	Profile       json.RawMessage `json:"profile,omitempty"`
	Settings      json.RawMessage `json:"settings,omitempty"`
	PasswordSetAt time.Time       `json:"password_set_at,omitzero"`
	CreatedAt     time.Time       `json:"created_at,omitzero"`
	UpdatedAt     time.Time       `json:"updated_at,omitzero"`
}

type exportedFactor struct {
	Kind       string    `json:"kind"`
	Name       string    `json:"name,omitempty"` // of SMS: the phone
	CreatedAt  time.Time `json:"created_at,omitzero"`
	LastUsedAt time.Time `json:"last_used_at,omitzero"`
	Left       int64     `json:"left,omitempty"` // of recovery codes
}

type exportedBrowser struct {
	UserAgent string    `json:"user_agent"`
	Address   string    `json:"address"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type exportedSession struct {
	UserAgent  string    `json:"user_agent"`
	Address    string    `json:"address"`
	AMR        []string  `json:"amr"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
}

type exportedApproval struct {
	ClientID  string    `json:"client_id"`
	Scope     []string  `json:"scope"`
	Claims    []string  `json:"claims,omitempty"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

type exportedRole struct {
	Role     string `json:"role"`
	ClientID string `json:"client_id,omitempty"`
}

type exportedEvent struct {
	Kind     string    `json:"kind"`
	At       time.Time `json:"at"`
	ClientID string    `json:"client_id,omitempty"`
	Address  string    `json:"address,omitempty"`
	By       string    `json:"by,omitempty"`
	Operator string    `json:"operator,omitempty"`
}

func (e *exportPages) showExport(w http.ResponseWriter, r *http.Request) error {
	current, p, _, err := e.beginConfirmed(w, r, PathExport, "")
	if err != nil || current == nil {
		return err
	}
	request, err := e.Seal(w, r, p)
	if err != nil {
		return err
	}
	v := e.newView(w, r, "")
	t := v.Messages.Data
	v.Title, v.Links = t.ExportTitle, e.cancelLink(v.Messages)
	v.Page = questionPage{
		Action: PathExport, Request: request, Button: t.ExportButton, ButtonID: "export-submit", Lead: t.ExportLead,
		More: t.ExportMore,
	}
	return v.write(w, http.StatusOK, "question.html")
}

// submitExport answers with the copy. The audit has it before the first byte goes out.
func (e *exportPages) submitExport(
	w http.ResponseWriter, r *http.Request, _ *storage.Login, _ Interaction,
) error {
	current, _, _, err := e.beginConfirmed(w, r, PathExport, "")
	if err != nil || current == nil {
		return err
	}
	data, err := e.collect(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	if err := e.identity.Record(r, storage.Event{
		Kind: storage.EventDataExported, UserID: current.User.ID,
	}); err != nil {
		return err
	}
	e.writeHeaders(w, contentPolicy{})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="account-data.json"`)
	_, _ = w.Write(content) // a browser that has gone needs no copy
	return nil
}

func (e *exportPages) collect(ctx context.Context, userID string) (*personalData, error) {
	user, err := e.store.FindUser(ctx, userID)
	if err != nil {
		return nil, err
	}
	data := &personalData{
		Issuer: e.account.issuer, ExportedAt: e.now().UTC(),
		Account: exportedAccount{
			ID: user.ID, Email: user.Email, TaxID: user.TaxID, PersonID: user.PersonID, Profile: user.Profile,
			Settings: user.Settings, PasswordSetAt: user.PasswordSetAt.UTC(), CreatedAt: user.CreatedAt.UTC(),
			UpdatedAt: user.UpdatedAt.UTC(),
		},
	}
	if err := e.collectAccess(ctx, userID, data); err != nil {
		return nil, err
	}
	held, err := e.store.ListUserRoles(ctx, userID)
	if err != nil {
		return nil, err
	}
	for _, role := range held {
		data.Roles = append(data.Roles, exportedRole{Role: role.RoleName, ClientID: role.ClientID})
	}
	events, err := e.account.eventsOf(ctx, userID)
	for _, event := range events {
		data.Events = append(data.Events, exportedEvent{
			Kind: event.Kind, At: event.CreatedAt.UTC(), ClientID: event.ClientID, Address: event.Address,
			By: event.Details["by"], Operator: event.Details["operator"],
		})
	}
	return data, err
}

// collectAccess adds by what the person comes in, from where, and whom they have let in.
func (e *exportPages) collectAccess(ctx context.Context, userID string, data *personalData) error {
	factors, err := e.store.ListSecondFactors(ctx, userID)
	if err != nil {
		return err
	}
	for _, f := range factors {
		data.Factors = append(data.Factors, exportedFactor{
			Kind: f.Kind, Name: f.Name, CreatedAt: f.CreatedAt.UTC(), LastUsedAt: f.LastUsedAt.UTC(), Left: f.Left,
		})
	}
	browsers, err := e.store.ListRememberedBrowsers(ctx, userID)
	if err != nil {
		return err
	}
	for _, b := range browsers {
		data.Browsers = append(data.Browsers, exportedBrowser{b.UserAgent, b.Address, b.CreatedAt.UTC(), b.ExpiresAt.UTC()})
	}
	sessions, err := e.store.ListLoginSessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		data.Sessions = append(data.Sessions, exportedSession{
			s.UserAgent, s.Address, s.AMR, s.CreatedAt.UTC(), s.LastUsedAt.UTC(), s.ExpiresAt.UTC(),
		})
	}
	approvals, err := e.store.ListApprovals(ctx, userID)
	for _, a := range approvals {
		data.Approvals = append(data.Approvals, exportedApproval{a.ClientID, a.Scope, a.Claims, a.CreatedAt.UTC()})
	}
	return err
}
