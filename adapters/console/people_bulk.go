package console

import (
	"context"
	"errors"
	"slices"
	"strings"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// mostAtOnce is how many people one action may be about.
const mostAtOnce = 100

// bulkActions are those on a list of people.
func bulkActions() []action {
	on := func(name string, blocked bool, do func(context.Context, *visit, string) error) action {
		b := bulk{blocked: blocked, do: do}
		return action{path: name, name: name, right: operator.Users, ask: b.ask}
	}
	return []action{
		on("bulk-block", false, func(ctx context.Context, v *visit, id string) error {
			actor, _ := storage.ActorOf(ctx)
			return v.store.BlockUser(ctx, id, actor.Reason)
		}),
		on("bulk-unblock", true, func(ctx context.Context, v *visit, id string) error {
			return v.store.UnblockUser(ctx, id)
		}),
	}
}

// bulk is an action on those of a list who are blocked, or who are not.
type bulk struct {
	blocked bool
	do      func(context.Context, *visit, string) error
}

// chosen are the people of a list, by what can be done with them.
type chosen struct {
	due                      []storage.User
	done, unknown, forbidden []string
}

// ask asks for a list of e-mail addresses or ids, and says of each what will happen before anything does.
func (b bulk) ask(v *visit) (*question, error) {
	sent := v.r.PostForm.Get("people")
	wanted := strings.FieldsFunc(sent, func(r rune) bool { return strings.ContainsRune(" \t\r\n,;", r) })
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	q := &question{Subject: v.T("people.title"), Back: address("people"), Fresh: true, Fields: []field{{
		Name: "people", Label: v.T("bulk.people"), Hint: v.T("bulk.people_hint"), Type: "textarea", Value: sent,
		Required: true,
	}}}
	var found chosen
	q.check = func() (err error) {
		if len(wanted) == 0 || len(wanted) > mostAtOnce {
			return &formProblem{"bulk.how_many", "people"}
		}
		found, err = b.choose(v, wanted)
		return err
	}
	q.preview = func() []fact {
		names := make([]string, len(found.due))
		for i, user := range found.due {
			names[i] = user.Email
		}
		return []fact{
			{v.T("bulk.due", "n", number(int64(len(names)))), words(names)},
			{v.T("bulk.done"), words(found.done)}, {v.T("bulk.unknown"), words(found.unknown)},
			{v.T("bulk.forbidden"), words(found.forbidden)},
		}
	}
	q.do = withoutResult(func(ctx context.Context) error {
		for _, user := range found.due {
			err := b.do(ctx, v, user.ID)
			if err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
				return err // those before are done; the same list again goes on behind them
			}
		}
		return nil
	})
	return q, nil
}

// choose looks at each of the people. An operator does nothing to themselves, nor to who has rights that they have not.
func (b bulk) choose(v *visit, wanted []string) (found chosen, err error) {
	for _, name := range wanted {
		user, err := findByText(v, name)
		if errors.Is(err, storage.ErrNotFound) {
			found.unknown = append(found.unknown, name)
			continue
		}
		if err != nil {
			return chosen{}, err
		}
		beyond, err := isBeyond(v, user.ID)
		if err != nil {
			return chosen{}, err
		}
		switch {
		case beyond || user.ID == v.operator.ID:
			found.forbidden = append(found.forbidden, user.Email)
		case user.IsBlocked != b.blocked:
			found.done = append(found.done, user.Email)
		case !slices.ContainsFunc(found.due, func(u storage.User) bool { return u.ID == user.ID }):
			found.due = append(found.due, *user)
		}
	}
	return found, nil
}
