package console

import (
	"errors"
	"slices"
	"strings"

	"ithildin/provider"
	"ithildin/storage"
)

// showTry says what a client would get for a person, scope by scope, and why not.
func showTry(v *visit) error {
	l := newList(v)
	person, client := l.text("person", "try.person"), l.text("client", "try.client")
	asked := l.text("scope", "try.scope")
	l.form.Chips = nil
	s := &screen{Lead: v.T("try.lead"), Filter: &l.form}
	if person == "" || client == "" {
		return show(v, v.T("try.title"), s)
	}
	user, err := findByText(v, person)
	if errors.Is(err, storage.ErrNotFound) {
		s.Alerts = append(s.Alerts, v.T("try.no_person"))
		return show(v, v.T("try.title"), s)
	}
	if err != nil {
		return err
	}
	known, err := findClientByText(v.r.Context(), v, client)
	if errors.Is(err, storage.ErrNotFound) {
		s.Alerts = append(s.Alerts, v.T("try.no_client"))
		return show(v, v.T("try.title"), s)
	}
	if err != nil {
		return err
	}
	scopes := storage.SplitScope(asked)
	if len(scopes) == 0 {
		scopes = slices.Clone(known.AllowedScope())
	}
	decisions, required, err := v.provider.DecideScopes(v.r.Context(), known.ID, user.ID, scopes)
	if err != nil {
		return err
	}
	if user.IsBlocked {
		s.Alerts = append(s.Alerts, v.T("try.person_blocked"))
	}
	if known.IsBlocked {
		s.Alerts = append(s.Alerts, v.T("try.client_blocked"))
	}
	s.Facts = []fact{
		{v.T("try.person"), to(user.Email, address("people", user.ID))},
		{v.T("try.client"), to(known.Name, clientAddress(known.ID))},
		{v.T("try.sign_in"), text(v.text.or("acr."+required.Assurance, required.Assurance))},
	}
	t := &table{Label: v.T("try.title"), Empty: v.T("try.none"), Columns: []string{
		v.T("token.scope"), v.T("try.answer"), v.T("try.why"),
	}}
	for _, d := range decisions {
		answer := marked(v.T("try.yes"), "good")
		if !d.Granted {
			answer = marked(v.T("try.no"), "bad")
		}
		t.Rows = append(t.Rows, []cell{code(d.Scope), answer, text(whyOf(v, d))})
	}
	s.Sections = []section{{ID: "decisions", Table: t}}
	return show(v, v.T("try.title"), s)
}

// whyOf puts a decision in words.
func whyOf(v *visit, d provider.ScopeDecision) string {
	var parts []string
	switch {
	case d.Reason == provider.ScopeOutsideClient:
		return v.T("try.outside_client")
	case d.Reason == provider.ScopeOutsideRoles && !d.Known:
		return v.T("try.outside_roles_unknown")
	case d.Reason == provider.ScopeOutsideRoles:
		return v.T("try.outside_roles")
	case d.GovernedBy == storage.GovernedByConsent:
		parts = append(parts, v.T("try.by_consent"))
	default:
		parts = append(parts, v.T("try.by_roles", "roles", strings.Join(d.Roles, ", ")))
	}
	if d.Approved {
		parts = append(parts, v.T("try.approved"))
	} else {
		parts = append(parts, v.T("try.not_approved"))
	}
	return strings.Join(parts, " ")
}
