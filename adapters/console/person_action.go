package console

import (
	"context"
	"slices"

	"ithildin/provider/operator"
	"ithildin/storage"
)

// personActions are those on the page of a person.
func personActions() []action {
	on := func(name, path string, ask func(*visit, *storage.User) (*question, error)) action {
		return action{path: "people/{id}/" + path, name: name, right: operator.Users, ask: aboutPerson(ask)}
	}
	return []action{
		on("block", "block", askBlock),
		on("unblock", "unblock", askUnblock),
		on("send-reset-link", "send-reset-link", askResetLink),
		on("edit-person", "edit-person", askEditPerson),
		on("delete-person", "delete-person", askDeletePerson),
		on("end-sessions", "end-sessions", askEndSessions),
		on("end-tokens", "end-tokens", askEndTokens),
		on("reset-factor", "factors/{factor}/reset-factor", askResetFactor),
		on("remove-factor", "factors/{factor}/remove-factor", askRemoveFactor),
		on("withdraw", "approvals/{approval}/withdraw", askWithdraw),
		on("give-role", "roles/give-role", askGiveRole),
		on("take-role", "roles/{role}/take-role", askTakeRole),
	}
}

// aboutPerson finds the person of an action. An operator may do nothing to somebody who has rights that the operator
// has not: by a new phone or a link the operator could take over the account, and the rights with it.
func aboutPerson(ask func(*visit, *storage.User) (*question, error)) func(*visit) (*question, error) {
	return func(v *visit) (*question, error) {
		user, err := findPerson(v)
		if err != nil {
			return nil, err
		}
		q, err := ask(v, user)
		if err != nil {
			return nil, err
		}
		q.Subject, q.Back = user.Email, address("people", user.ID)
		beyond, err := isBeyond(v, user.ID)
		if beyond {
			q.Refused = "action.beyond"
		}
		return q, err
	}
}

// isBeyond returns whether a person has rights that the operator has not.
func isBeyond(v *visit, userID string) (bool, error) {
	held, err := operator.HeldBy(v.r.Context(), v.store, userID)
	return slices.ContainsFunc(held, func(right operator.Right) bool { return !v.operator.Has(right) }), err
}

// liveFacts are how much of a person or a client will end.
func liveFacts(v *visit, count storage.LiveCount, sessions bool) []fact {
	facts := []fact{
		{v.T("live.grants"), text(number(count.Grants))}, {v.T("live.access_tokens"), text(number(count.AccessTokens))},
	}
	if sessions {
		facts = append([]fact{{v.T("live.sessions"), text(number(count.Sessions))}}, facts...)
	}
	return facts
}

// endsWith is a question about a person that says how much will end.
func endsWith(v *visit, u *storage.User, do func(context.Context) error) (*question, error) {
	count, err := v.store.CountLiveOfUser(v.r.Context(), u.ID)
	return &question{Facts: liveFacts(v, count, true), do: withoutResult(do)}, err
}

func withoutResult(do func(context.Context) error) func(context.Context) (*result, error) {
	return func(ctx context.Context) (*result, error) { return nil, do(ctx) }
}

func askBlock(v *visit, u *storage.User) (*question, error) {
	q, err := endsWith(v, u, func(ctx context.Context) error {
		actor, _ := storage.ActorOf(ctx)
		return v.store.BlockUser(ctx, u.ID, actor.Reason)
	})
	if err == nil && u.ID == v.operator.ID {
		q.Refused = "action.oneself"
	}
	return q, err
}

func askUnblock(v *visit, u *storage.User) (*question, error) {
	q := &question{Facts: []fact{{v.T("person.block_reason"), text(u.BlockReason)}}}
	q.do = withoutResult(func(ctx context.Context) error { return v.store.UnblockUser(ctx, u.ID) })
	if !u.IsBlocked {
		q.Refused = "action.not_blocked"
	}
	return q, nil
}

func askEndSessions(v *visit, u *storage.User) (*question, error) {
	count, err := v.store.CountLiveOfUser(v.r.Context(), u.ID)
	q := &question{Facts: []fact{{v.T("live.sessions"), text(number(count.Sessions))}}}
	q.do = withoutResult(func(ctx context.Context) error {
		_, err := v.store.EndLoginSessions(ctx, u.ID)
		return err
	})
	return q, err
}

func askEndTokens(v *visit, u *storage.User) (*question, error) {
	count, err := v.store.CountLiveOfUser(v.r.Context(), u.ID)
	q := &question{Facts: liveFacts(v, count, false)}
	q.do = withoutResult(func(ctx context.Context) error { return v.store.DeleteIssuedOf(ctx, u.ID, "") })
	return q, err
}

func askResetFactor(v *visit, u *storage.User) (*question, error) {
	q, factor, err := aboutFactor(v, u, func(ctx context.Context, f storage.SecondFactor) error {
		return v.store.ResetAuthenticationFactor(ctx, f.ID)
	})
	switch {
	case err != nil:
		return nil, err
	case factor.Kind != storage.FactorSMS:
		return nil, storage.ErrNotFound
	case q.Refused == "" && !factor.IsActive:
		q.Refused = "action.factor_off"
	}
	return q, nil
}

// askRemoveFactor is for what a person has lost and can add again: an app, a passkey, the recovery codes.
func askRemoveFactor(v *visit, u *storage.User) (*question, error) {
	q, factor, err := aboutFactor(v, u, func(ctx context.Context, f storage.SecondFactor) error {
		return v.store.RemoveSecondFactor(ctx, u.ID, f.Kind, f.ID)
	})
	if err == nil && factor.Kind == storage.FactorSMS {
		return nil, storage.ErrNotFound
	}
	return q, err
}

// aboutFactor is a question about the second factor that the path names. The sign-ins of its owner end with it: a
// session from before has proved the old factor, and must not set a new one.
func aboutFactor(
	v *visit, u *storage.User, do func(context.Context, storage.SecondFactor) error,
) (*question, storage.SecondFactor, error) {
	factors, err := v.store.ListSecondFactors(v.r.Context(), u.ID)
	if err != nil {
		return nil, storage.SecondFactor{}, err
	}
	at := slices.IndexFunc(factors, func(f storage.SecondFactor) bool { return f.ID == v.parameter("factor") })
	if at < 0 {
		return nil, storage.SecondFactor{}, storage.ErrNotFound
	}
	factor := factors[at]
	q := &question{Fresh: true, Facts: []fact{
		{v.T("factor.type"), kindOfFactor(v, factor)}, {v.T("factor.shown"), shownFactor(v, factor)},
	}}
	q.do = withoutResult(func(ctx context.Context) error {
		return v.store.Together(ctx, func(ctx context.Context) error {
			if err := do(ctx, factor); err != nil {
				return err
			}
			_, err := v.store.EndLoginSessions(ctx, u.ID)
			return err
		})
	})
	if u.ID == v.operator.ID {
		q.Refused = "action.oneself"
	}
	return q, factor, nil
}

func askResetLink(v *visit, u *storage.User) (*question, error) {
	q := &question{Fresh: true, Facts: []fact{{v.T("people.email"), text(u.Email)}}}
	q.do = withoutResult(func(ctx context.Context) error {
		return v.provider.SendPasswordResetLink(ctx, u, v.Language)
	})
	switch {
	case !v.provider.SendsMail():
		q.Refused = "action.no_mail"
	case u.IsBlocked:
		q.Refused = "action.is_blocked"
	}
	return q, nil
}

func askWithdraw(v *visit, u *storage.User) (*question, error) {
	approvals, err := v.store.ListApprovals(v.r.Context(), u.ID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(approvals, func(a storage.Approval) bool { return a.ID == v.parameter("approval") })
	if at < 0 {
		return nil, storage.ErrNotFound
	}
	client, err := namedClient(v, approvals[at].ClientID)
	q := &question{Facts: []fact{{v.T("token.client"), client}, {v.T("token.scope"), words(approvals[at].Scope)}}}
	q.do = withoutResult(func(ctx context.Context) error { return v.store.DeleteApproval(ctx, approvals[at].ID) })
	return q, err
}
