package console

import (
	"context"
	"crypto/rand"
	"errors"
	"net/mail"
	"strings"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/oauth"
	"ithildin/provider/operator"
	"ithildin/provider/registration"
	"ithildin/storage"
)

const (
	longestEmail  = 254 // bytes, RFC 5321 4.5.3.1.3 without the angle brackets
	longestNumber = 64  // bytes of a tax id, and of an id in the registry of persons
)

// The ways in which a new person gets in for the first time.
const (
	entryByLink     = "link"
	entryByPassword = "password"
)

// newPersonActions make accounts.
func newPersonActions() []action {
	return []action{{path: "new-person", name: "new-person", right: operator.Users, ask: askNewPerson}}
}

// personForm are the fields of a person, as they were sent or as they are, and the person with what was sent.
func personForm(v *visit, now storage.User) ([]field, storage.User) {
	if sent := v.r.PostForm; sent.Has("email") {
		now.Email = strings.TrimSpace(sent.Get("email"))
		now.TaxID, now.PersonID = strings.TrimSpace(sent.Get("tax_id")), strings.TrimSpace(sent.Get("person_id"))
	}
	return []field{
		{Name: "email", Label: v.T("people.email"), Type: "text", Value: now.Email, Required: true},
		{Name: "tax_id", Label: v.T("people.tax_id"), Hint: v.T("person.tax_id_hint"), Type: "text", Value: now.TaxID},
		{Name: "person_id", Label: v.T("person.person_id"), Type: "text", Value: now.PersonID},
	}, now
}

// isEmail returns whether a text is an e-mail address and nothing else.
func isEmail(value string) bool {
	parsed, err := mail.ParseAddress(value)
	return err == nil && parsed.Address == value && len(value) <= longestEmail
}

// checkPerson is what is wrong with the form of a person.
func checkPerson(u storage.User) error {
	if !isEmail(u.Email) {
		return &formProblem{"person.email_wrong", "email"}
	}
	for name, value := range map[string]string{"tax_id": u.TaxID, "person_id": u.PersonID} {
		if len(value) > longestNumber || registration.ValidateText(value) != nil {
			return &formProblem{"person.number_wrong", name}
		}
	}
	return nil
}

// emailTaken words the conflict of a person who is stored.
func emailTaken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return &formProblem{"person.email_taken", "email"}
	}
	return err
}

// askNewPerson asks for a new person, who gets a link to set a password, or a password to change at the first sign-in.
func askNewPerson(v *visit) (*question, error) {
	now := v.store.Now()
	fields, wanted := personForm(v, storage.User{ID: v.store.NewID(), CreatedAt: now, UpdatedAt: now})
	var options []option
	if v.provider.SendsMail() {
		options = append(options, option{Value: entryByLink, Label: v.T("person.by_link")})
	}
	options = append(options, option{
		Value: entryByPassword, Label: v.T("person.by_password"), Selected: v.r.PostForm.Get("entry") == entryByPassword,
	})
	q := &question{Subject: v.T("people.title"), Back: address("people"), Fields: append(fields, field{
		Name: "entry", Label: v.T("person.entry"), Type: "select", Options: options,
	})}
	q.check = func() error { return checkPerson(wanted) }
	q.do = func(ctx context.Context) (*result, error) {
		done := &result{Back: address("people", wanted.ID), Facts: []fact{{v.T("people.email"), text(wanted.Email)}}}
		if v.provider.SendsMail() && v.r.PostForm.Get("entry") != entryByPassword {
			done.Lead = v.T("person.link_sent")
			if err := emailTaken(v.store.CreateUser(ctx, wanted)); err != nil {
				return nil, err
			}
			// Where this fails, the page of the person sends another link.
			return done, v.provider.SendPasswordResetLink(ctx, &wanted, v.Language)
		}
		made, err := oauth.RandomText(rand.Reader, oauth.TokenBytes)
		if err != nil {
			return nil, err
		}
		wanted.Password, err = v.provider.Identity().HashPassword(ctx, made, func(password string, _ ...string) error {
			return identity.CheckNewPassword(password, wanted.Email)
		})
		if err != nil {
			return nil, err
		}
		wanted.PasswordSetAt, wanted.MustChangePassword = now, true
		done.Lead, done.Secret = v.T("person.password_once"), made
		return done, emailTaken(v.store.CreateUser(ctx, wanted))
	}
	return q, nil
}

// askEditPerson asks for another e-mail address, tax id or id in the registry. Links for a password go to the address,
// and a digital signature is matched with the tax id: whoever has them signs in.
func askEditPerson(v *visit, u *storage.User) (*question, error) {
	fields, wanted := personForm(v, *u)
	q := &question{Fresh: true, Fields: fields}
	var namesakes []string
	q.check = func() (err error) {
		if err = checkPerson(wanted); err == nil {
			namesakes, err = othersWithTaxID(v, wanted)
		}
		return err
	}
	q.preview = func() []fact {
		changes := changesOf([][3]string{
			{v.T("people.email"), u.Email, wanted.Email}, {v.T("people.tax_id"), u.TaxID, wanted.TaxID},
			{v.T("person.person_id"), u.PersonID, wanted.PersonID},
		})
		if len(namesakes) > 0 {
			changes = append(changes, fact{v.T("person.same_tax_id"), named(v, namesakes)})
		}
		return changes
	}
	q.do = withoutResult(func(ctx context.Context) error {
		return v.store.Together(ctx, func(ctx context.Context) error {
			if err := v.store.HoldUser(ctx, u.ID); err != nil {
				return err
			}
			now, err := v.store.FindUser(ctx, u.ID)
			if err != nil {
				return err
			}
			if !strings.EqualFold(now.Email, wanted.Email) {
				// Who gets another address has not shown that it is theirs.
				now.Email, now.Profile = wanted.Email, provider.WithoutClaim(now.Profile, "email_verified")
			}
			now.TaxID, now.PersonID = wanted.TaxID, wanted.PersonID
			return emailTaken(v.store.UpdateUser(ctx, *now))
		})
	})
	if u.ID == v.operator.ID {
		q.Refused = "action.oneself"
	}
	return q, nil
}

// othersWithTaxID names the other accounts with the tax id of a person: none of them can sign in by a digital
// signature, which would not say whose sign-in it is.
func othersWithTaxID(v *visit, u storage.User) (names []string, err error) {
	if u.TaxID == "" {
		return nil, nil
	}
	users, _, err := v.store.PageOfUsers(v.r.Context(), storage.UserFilter{TaxID: u.TaxID},
		storage.Page{Size: mostNamed + 1})
	for _, other := range users {
		if other.ID != u.ID {
			names = append(names, other.Email)
		}
	}
	return names, err
}

// changesOf are the values that differ, as "before → after".
func changesOf(values [][3]string) []fact {
	var changes []fact
	for _, value := range values {
		if value[1] != value[2] {
			changes = append(changes, fact{value[0], text(orDash(value[1]) + " → " + orDash(value[2]))})
		}
	}
	return changes
}

func orDash(value string) string {
	if value == "" {
		return "—"
	}
	return value
}

// askDeletePerson asks twice, by the address that has to be typed: nothing of an account comes back. It must be blocked
// before, which can be undone, so that what a deletion would break shows in time.
func askDeletePerson(v *visit, u *storage.User) (*question, error) {
	count, err := v.store.CountLiveOfUser(v.r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	roles, err := v.store.ListUserRoles(v.r.Context(), u.ID)
	q := &question{
		Fresh: true, After: address("people"), Fields: []field{confirmation(v, "person.confirm")},
		Facts: append(liveFacts(v, count, true), fact{v.T("person.roles"), text(number(int64(len(roles))))},
			fact{v.T("person.approvals"), text(number(count.Approvals))}),
	}
	q.do = withoutResult(func(ctx context.Context) error {
		if !strings.EqualFold(q.Fields[0].Value, u.Email) {
			return &formProblem{"action.not_confirmed", q.Fields[0].Name}
		}
		return v.store.Together(ctx, func(ctx context.Context) error {
			if err := v.store.HoldUser(ctx, u.ID); err != nil {
				return err
			}
			now, err := v.store.FindUser(ctx, u.ID)
			if err != nil {
				return err
			}
			if !now.IsBlocked {
				return storage.ErrConflict // somebody has just lifted the block
			}
			return v.store.DeleteUser(ctx, u.ID)
		})
	})
	switch {
	case u.ID == v.operator.ID:
		q.Refused = "action.oneself"
	case !u.IsBlocked:
		q.Refused = "action.block_first"
	}
	return q, err
}

// confirmation is the field in which what is to be deleted is named once more.
func confirmation(v *visit, key string) field {
	return field{
		Name: "confirm", Label: v.T(key), Type: "text", Value: strings.TrimSpace(v.r.PostForm.Get("confirm")), Required: true,
	}
}
