package console

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"

	"ithildin/provider/invitation"
	"ithildin/provider/login"
	"ithildin/provider/mail"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// invitationStates are those of an invitation, in the order of its life.
var invitationStates = []string{
	storage.InvitationOpen, storage.InvitationAccepted, storage.InvitationRejected, storage.InvitationRevoked,
}

// showInvitations lists invitations and what became of them.
func showInvitations(v *visit) error {
	l := newList(v)
	options := make([]option, len(invitationStates))
	for i, state := range invitationStates {
		options[i] = option{Value: state, Label: v.T("invitation.state." + state)}
	}
	f := storage.InvitationFilter{
		Email: l.text("email", "people.email"), State: l.choice("state", "people.state", options...),
	}
	invitations, total, err := v.store.PageOfInvitations(v.r.Context(), f, l.page())
	if err != nil {
		return err
	}
	roles, err := v.store.Roles(v.r.Context())
	if err != nil {
		return err
	}
	t := &table{Label: v.T("invitations.title"), Empty: v.T("invitations.empty"), Columns: []string{
		v.T("people.email"), v.T("people.role"), v.T("role.where"), v.T("people.state"), v.T("people.created"),
		v.T("invitation.ends"), v.T("list.actions"),
	}}
	for _, i := range invitations {
		where := text(v.T("role.everywhere"))
		if i.ClientID != "" {
			if where, err = namedClient(v, i.ClientID); err != nil {
				return err
			}
		}
		email := text(i.Email)
		if i.UserID != "" {
			email = to(i.Email, address("people", i.UserID))
		}
		names := make([]string, len(i.RoleIDs))
		for at, id := range i.RoleIDs {
			names[at] = roles[id].Name
		}
		t.Rows = append(t.Rows, []cell{
			email, text(strings.Join(names, ", ")), where, stateOfInvitation(v, i), moment(i.CreatedAt), moment(i.ExpiresAt),
			cell{}.doing(actionsOfInvitation(v, i)...),
		})
	}
	l.finish(t, total)
	s := &screen{
		Lead: v.T("invitations.lead"), Filter: &l.form, Sections: []section{{ID: "invitations", Table: t}},
	}
	if v.operator.Has(operator.Users) {
		s.Actions = []link{{v.T("action.invite.link"), address("invite")}}
	}
	return show(v, v.T("invitations.title"), s)
}

func isOpen(v *visit, i storage.Invitation) bool {
	return i.State == storage.InvitationOpen && i.ExpiresAt.After(v.store.Now())
}

func stateOfInvitation(v *visit, i storage.Invitation) cell {
	switch {
	case isOpen(v, i):
		return marked(v.T("invitation.state."+i.State), "good")
	case i.State == storage.InvitationOpen:
		return marked(v.T("invitation.over"), "plain")
	}
	return marked(v.text.or("invitation.state."+i.State, i.State), "plain")
}

func actionsOfInvitation(v *visit, i storage.Invitation) []link {
	if !v.operator.Has(operator.Users) || !isOpen(v, i) {
		return nil
	}
	return []link{{v.T("action.withdraw-invitation.link"), address("invitations", i.ID, "withdraw-invitation")}}
}

// invitationActions are those on invitations.
func invitationActions() []action {
	return []action{
		{path: "invite", name: "invite", right: operator.Users, ask: askInvite},
		{path: "invitations/{id}/withdraw-invitation", name: "withdraw-invitation", right: operator.Users,
			ask: askWithdrawInvitation},
	}
}

// invitationDays are for how many days an invitation may be good.
var invitationDays = []int{5, 14, 30}

// askInvite asks whom to invite to have which role. Nobody invites to rights that they have not.
func askInvite(v *visit) (*question, error) {
	roles, err := v.store.ListRoles(v.r.Context())
	if err != nil {
		return nil, err
	}
	sent := v.r.PostForm
	options := []option{{Value: "", Label: v.T("role.choose")}}
	for _, role := range roles {
		options = append(options, option{Value: role.ID, Label: role.Name, Selected: role.ID == sent.Get("role")})
	}
	days := invitationDays[0]
	var lifetimes []option
	for _, n := range invitationDays {
		chosen := number(int64(n)) == sent.Get("days")
		if chosen {
			days = n
		}
		lifetimes = append(lifetimes, option{Value: number(int64(n)), Label: number(int64(n)), Selected: chosen})
	}
	value := func(name string) string { return strings.TrimSpace(sent.Get(name)) }
	q := &question{Subject: v.T("invitations.title"), Back: address("invitations"), Fields: []field{
		{Name: "email", Label: v.T("people.email"), Type: "text", Value: value("email"), Required: true},
		{Name: "role", Label: v.T("people.role"), Type: "select", Options: options, Required: true},
		{Name: "client", Label: v.T("role.client"), Hint: v.T("role.client_hint"), Type: "text", Value: value("client")},
		{Name: "inviter", Label: v.T("invitation.inviter"), Hint: v.T("invitation.inviter_hint"), Type: "text",
			Value: value("inviter")},
		{Name: "days", Label: v.T("invitation.days"), Type: "select", Options: lifetimes},
		{Name: "language", Label: v.T("invitation.language"), Type: "select", Options: []option{
			{Value: mail.Ukrainian, Label: "Українська"},
			{Value: mail.English, Label: "English", Selected: sent.Get("language") == mail.English},
		}},
	}}
	if !v.provider.SendsMail() {
		q.Refused = "action.no_mail"
	}
	q.do = withoutResult(func(ctx context.Context) error {
		at := slices.IndexFunc(roles, func(r storage.Role) bool { return r.ID == sent.Get("role") })
		if at < 0 {
			return &formProblem{"role.missing", "role"}
		}
		return invite(ctx, v, roles[at], storage.Invitation{
			ID: v.store.NewID(), Email: value("email"), Inviter: value("inviter"), CreatedAt: v.store.Now(),
			ExpiresAt: v.store.Now().AddDate(0, 0, days),
		})
	})
	return q, nil
}

// invite checks the form of an invitation and sends it.
func invite(ctx context.Context, v *visit, role storage.Role, i storage.Invitation) error {
	sent := v.r.PostForm
	if problem := checkPerson(storage.User{Email: i.Email}); problem != nil {
		return problem
	}
	switch {
	case len(i.Inviter) > longestFilter || registration.ValidateText(i.Inviter) != nil:
		return &formProblem{"invitation.inviter_wrong", "inviter"}
	case len(v.operator.Beyond(role.Scope)) > 0:
		return &formProblem{"action.beyond", "role"}
	case len(operator.RightsOf(role.Scope)) > 0 && !v.isFresh():
		return errNotFresh
	}
	invited := invitation.New{Invitation: i, Roles: []storage.Role{role}, Language: sent.Get("language")}
	if named := strings.TrimSpace(sent.Get("client")); named != "" {
		client, err := findClientByText(ctx, v, named)
		if errors.Is(err, storage.ErrNotFound) {
			return &formProblem{"role.no_client", "client"}
		}
		if err != nil {
			return err
		}
		invited.Client = client
	}
	secret, err := oauth.RandomText(rand.Reader, oauth.TokenBytes)
	if err != nil {
		return err
	}
	invited.Hash, invited.Link = storage.Hash(secret), login.InvitationLink(v.provider.Issuer(), secret)
	return invitation.Create(ctx, v.store, v.mail, invited)
}

// askWithdrawInvitation asks whether an invitation that nobody has answered is to end.
func askWithdrawInvitation(v *visit) (*question, error) {
	found, _, err := v.store.PageOfInvitations(v.r.Context(), storage.InvitationFilter{ID: v.parameter("id")},
		storage.Page{Size: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, storage.ErrNotFound
	}
	i := found[0]
	beyond, err := operator.RightsOfRoles(v.r.Context(), v.store, i.RoleIDs)
	if err != nil {
		return nil, err
	}
	q := &question{
		Subject: v.T("invitations.title"), Back: address("invitations"),
		Facts: []fact{{v.T("people.email"), text(i.Email)}, {v.T("invitation.ends"), moment(i.ExpiresAt)}},
	}
	switch {
	case slices.ContainsFunc(beyond, func(right operator.Right) bool { return !v.operator.Has(right) }):
		q.Refused = "action.beyond"
	case !isOpen(v, i):
		q.Refused = "invitation.not_open"
	}
	q.do = withoutResult(func(ctx context.Context) error {
		err := v.store.RevokeInvitation(ctx, i.ID)
		if errors.Is(err, storage.ErrNotFound) {
			return storage.ErrConflict // it was answered meanwhile
		}
		return err
	})
	return q, nil
}
