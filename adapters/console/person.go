package console

import (
	"context"
	"errors"
	"net/url"

	"ithildin/provider/login"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// shownOf bounds what the page of a person or a client shows of each kind.
const shownOf = 20

// findPerson reads the person whom the path names.
func findPerson(v *visit) (*storage.User, error) {
	return v.store.FindUser(v.r.Context(), v.parameter("id"))
}

// showPerson shows what is known of a person, and records that somebody looked.
func showPerson(v *visit) error {
	user, err := findPerson(v)
	if err != nil {
		return err
	}
	err = v.store.RecordEvents(v.r.Context(), []storage.Event{storage.ByActor(v.r.Context(), storage.Event{
		Kind: storage.EventUserViewed, UserID: user.ID,
	})})
	if err != nil {
		return err
	}
	state := stateOf(v, user.IsBlocked)
	s := &screen{
		Crumbs: []link{{v.T("people.title"), address("people")}}, Mark: &mark{state.Text, state.Tone},
		Facts: factsOfPerson(v, user), Actions: actionsOfPerson(v, user),
	}
	if user.IsBlocked {
		s.Alerts = []string{v.T("person.blocked", "reason", user.BlockReason)}
	}
	for _, part := range []func(*visit, *storage.User) (section, error){
		factorsOf, rolesOf, sessionsOf, issuedTo, approvalsOf, eventsAbout,
	} {
		found, err := part(v, user)
		if err != nil {
			return err
		}
		if found.Table != nil {
			s.Sections = append(s.Sections, found)
		}
	}
	return show(v, user.Email, s)
}

func factsOfPerson(v *visit, u *storage.User) []fact {
	password := moment(u.PasswordSetAt)
	if u.Password == "" {
		password = text(v.T("person.no_password"))
	} else if u.MustChangePassword {
		password = password.with(v.T("person.must_change"))
	}
	return []fact{
		{v.T("person.id"), code(u.ID)},
		{v.T("people.tax_id"), text(u.TaxID)},
		{v.T("person.person_id"), code(u.PersonID)},
		{v.T("people.password"), password},
		{v.T("people.created"), moment(u.CreatedAt)},
		{v.T("person.updated"), moment(u.UpdatedAt)},
	}
}

// personLink leads to an action on a person.
func personLink(v *visit, u *storage.User, name string, more ...string) link {
	return link{v.T("action." + name + ".link"), address(append([]string{"people", u.ID}, append(more, name)...)...)}
}

// actionsOfPerson are the actions on a person as a whole that the operator may take.
func actionsOfPerson(v *visit, u *storage.User) []link {
	if !v.operator.Has(operator.Users) {
		return nil
	}
	names := []string{"block", "edit-person", "send-reset-link", "end-sessions", "end-tokens"}
	if u.IsBlocked {
		names = []string{"unblock", "edit-person", "delete-person"}
	}
	var links []link
	for _, name := range names {
		links = append(links, personLink(v, u, name))
	}
	return links
}

func factorsOf(v *visit, u *storage.User) (section, error) {
	factors, err := v.store.ListSecondFactors(v.r.Context(), u.ID)
	t := &table{Label: v.T("person.factors"), Empty: v.T("person.no_factors"), Columns: []string{
		v.T("factor.type"), v.T("factor.shown"), v.T("people.state"), v.T("factor.added"), v.T("factor.used"),
		v.T("list.actions"),
	}}
	for _, f := range factors {
		state, links := marked(v.T("factor.off"), "bad"), []link(nil)
		if f.IsActive {
			state = marked(v.T("factor.on"), "good")
		}
		if v.operator.Has(operator.Users) {
			switch {
			case f.Kind != storage.FactorSMS:
				links = []link{personLink(v, u, "remove-factor", "factors", f.ID)}
			case f.IsActive:
				links = []link{personLink(v, u, "reset-factor", "factors", f.ID)}
			}
		}
		t.Rows = append(t.Rows, []cell{
			kindOfFactor(v, f), shownFactor(v, f), state, moment(f.CreatedAt), moment(f.LastUsedAt), cell{}.doing(links...),
		})
	}
	return section{ID: "factors", Title: v.T("person.factors"), Table: t}, err
}

func rolesOf(v *visit, u *storage.User) (section, error) {
	roles, err := v.store.ListUserRoles(v.r.Context(), u.ID)
	if err != nil {
		return section{}, err
	}
	t := &table{Label: v.T("person.roles"), Empty: v.T("person.no_roles"), Columns: []string{
		v.T("people.role"), v.T("role.where"), v.T("list.actions"),
	}}
	found := section{ID: "roles", Title: v.T("person.roles"), Table: t}
	mayChange := v.operator.Has(operator.Users)
	if mayChange {
		found.Actions = []link{personLink(v, u, "give-role", "roles")}
	}
	for _, role := range roles {
		where := text(v.T("role.everywhere"))
		if role.ClientID != "" {
			if where, err = namedClient(v, role.ClientID); err != nil {
				return section{}, err
			}
		}
		var links []link
		if mayChange {
			take := personLink(v, u, "take-role", "roles", role.RoleID)
			take.Href += "?" + url.Values{"client": {role.ClientID}}.Encode()
			links = []link{take}
		}
		t.Rows = append(t.Rows, []cell{text(role.RoleName), where, cell{}.doing(links...)})
	}
	return found, nil
}

// namedClient is a client by its name, with its id below.
func namedClient(v *visit, id string) (cell, error) {
	name, err := clientName(v.r.Context(), v.store, id)
	return to(name, clientAddress(id)).with(id), err
}

// clientName is what a client is called, and its id where it is gone.
func clientName(ctx context.Context, store *storage.Store, id string) (string, error) {
	client, err := store.Client(ctx, id)
	if errors.Is(err, storage.ErrNotFound) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	return login.ListedName(client), nil
}

func sessionsOf(v *visit, u *storage.User) (section, error) {
	sessions, err := v.store.ListLoginSessions(v.r.Context(), u.ID)
	t := &table{Label: v.T("person.sessions"), Empty: v.T("person.no_sessions"), Columns: []string{
		v.T("session.device"), v.T("session.address"), v.T("session.proof"), v.T("session.since"), v.T("session.used"),
	}}
	t.Count = v.T("list.count", "n", number(int64(len(sessions))))
	for _, s := range sessions[:min(len(sessions), shownOf)] {
		t.Rows = append(t.Rows, []cell{
			text(s.UserAgent), text(s.Address), text(v.text.or("acr."+s.ACR, s.ACR)), moment(s.CreatedAt), moment(s.LastUsedAt),
		})
	}
	return section{ID: "sessions", Title: v.T("person.sessions"), Table: t}, err
}

// kind is what a token of a kind is called.
func (v *visit) kind(kind string) string { return v.text.or("kind."+kind, kind) }

func issuedTo(v *visit, u *storage.User) (section, error) {
	tokens, total, err := v.store.PageOfIssued(v.r.Context(), storage.IssuedFilter{UserIDs: []string{u.ID}},
		storage.Page{Size: shownOf})
	t := &table{Label: v.T("person.tokens"), Empty: v.T("person.no_tokens"), Columns: []string{
		v.T("token.kind"), v.T("token.client"), v.T("token.scope"), v.T("token.ends"),
	}}
	if err != nil {
		return section{}, err
	}
	for _, token := range tokens {
		client, err := namedClient(v, token.ClientID)
		if err != nil {
			return section{}, err
		}
		ends := moment(token.ExpiresAt)
		if !token.ExpiresAt.After(v.store.Now()) {
			ends = marked(v.T("token.over"), "plain")
		}
		t.Rows = append(t.Rows, []cell{text(v.kind(token.Kind)), client, words(storage.SplitScope(token.Scope)), ends})
	}
	t.Count = v.T("list.shown", "n", number(int64(len(tokens))), "all", number(total.Entries))
	return section{ID: "tokens", Title: v.T("person.tokens"), Lead: v.T("person.tokens_lead"), Table: t}, nil
}

func approvalsOf(v *visit, u *storage.User) (section, error) {
	approvals, err := v.store.ListApprovals(v.r.Context(), u.ID)
	if err != nil {
		return section{}, err
	}
	t := &table{Label: v.T("person.approvals"), Empty: v.T("person.no_approvals"), Columns: []string{
		v.T("token.client"), v.T("token.scope"), v.T("session.since"), v.T("list.actions"),
	}}
	t.Count = v.T("list.count", "n", number(int64(len(approvals))))
	for _, a := range approvals[:min(len(approvals), shownOf)] {
		client, err := namedClient(v, a.ClientID)
		if err != nil {
			return section{}, err
		}
		var links []link
		if v.operator.Has(operator.Users) {
			links = []link{personLink(v, u, "withdraw", "approvals", a.ID)}
		}
		t.Rows = append(t.Rows, []cell{client, words(a.Scope), moment(a.CreatedAt), cell{}.doing(links...)})
	}
	return section{ID: "approvals", Title: v.T("person.approvals"), Table: t}, nil
}

// eventsAbout are the last events about a person, for those who may read the audit.
func eventsAbout(v *visit, u *storage.User) (section, error) {
	if !v.operator.Has(operator.Audit) {
		return section{}, nil
	}
	events, err := v.store.ListEvents(v.r.Context(), storage.EventFilter{UserID: u.ID, Limit: shownOf})
	if err != nil {
		return section{}, err
	}
	t, err := eventTable(v, events, false)
	return section{ID: "audit", Title: v.T("person.audit"), Table: t, Actions: []link{{
		v.T("audit.all"), auditAddress("user_id", u.ID),
	}}}, err
}
