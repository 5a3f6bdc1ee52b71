package console

import (
	"ithildin/provider/identity"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// The values of filters.
const (
	stateActive  = "active"
	stateBlocked = "blocked"
	factorThere  = "yes"
	factorNone   = "no"
)

// stateOf says whether somebody or something is blocked.
func stateOf(v *visit, blocked bool) cell {
	if blocked {
		return marked(v.T("state.blocked"), "bad")
	}
	return marked(v.T("state.active"), "good")
}

// showPeople lists people, the oldest accounts first.
func showPeople(v *visit) error {
	l := newList(v)
	f := storage.UserFilter{EmailPart: l.text("email", "people.email"), TaxID: l.text("tax_id", "people.tax_id")}
	f.IsBlocked = boolean(l.choice("state", "people.state",
		option{Value: stateActive, Label: v.T("state.active")}, option{Value: stateBlocked, Label: v.T("state.blocked")},
	), stateBlocked, stateActive)
	f.HasFactor = boolean(l.choice("factor", "people.factor",
		option{Value: factorThere, Label: v.T("factor.there")}, option{Value: factorNone, Label: v.T("factor.none")},
	), factorThere, factorNone)
	roles, err := v.store.ListRoles(v.r.Context())
	if err != nil {
		return err
	}
	options := make([]option, len(roles))
	for i, role := range roles {
		options[i] = option{Value: role.ID, Label: role.Name}
	}
	f.RoleID = l.choice("role", "people.role", options...)
	users, total, err := v.store.PageOfUsers(v.r.Context(), f, l.page())
	if err != nil {
		return err
	}
	t := &table{
		Label: v.T("people.title"), Empty: v.T("people.empty"),
		Columns: []string{v.T("people.email"), v.T("people.state"), v.T("people.tax_id"), v.T("people.password"),
			v.T("people.created")},
	}
	for _, u := range users {
		t.Rows = append(t.Rows, []cell{
			to(u.Email, address("people", u.ID)), stateOf(v, u.IsBlocked), text(u.TaxID), moment(u.PasswordSetAt),
			moment(u.CreatedAt),
		})
	}
	l.finish(t, total)
	s := &screen{Filter: &l.form, Sections: []section{{ID: "people", Table: t}}}
	if v.operator.Has(operator.Users) {
		for _, name := range []string{"new-person", "bulk-block", "bulk-unblock"} {
			s.Actions = append(s.Actions, link{v.T("action." + name + ".link"), address(name)})
		}
	}
	return show(v, v.T("people.title"), s)
}

func kindOfFactor(v *visit, f storage.SecondFactor) cell {
	return text(v.text.or("factor.type."+f.Kind, f.Kind))
}

// shownFactor is what may be shown of a second factor: the ends of a phone number, the name that its owner gave it, or
// how many recovery codes are left.
func shownFactor(v *visit, f storage.SecondFactor) cell {
	switch {
	case f.Kind == storage.FactorRecoveryCode:
		return text(v.T("factor.left", "count", number(f.Left)))
	case f.Kind != storage.FactorSMS:
		return text(f.Name)
	case f.Name == "":
		return text(v.T("factor.empty"))
	}
	return text(identity.MaskPhone(f.Name))
}
