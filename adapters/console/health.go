package console

import (
	"context"
	"errors"
	"time"

	"ithildin/jwks"
	"ithildin/provider/operator"
)

// showHealth shows what runs, what waits and what needs attention, and the signing keys.
func showHealth(v *visit) error {
	s := &screen{}
	var err error
	if s.Alerts, err = warnings(v); err != nil {
		return err
	}
	if len(s.Alerts) == 0 {
		s.Lead = v.T("health.well")
	}
	engine, writes := "SQLite", marked(v.T("health.no"), "bad")
	if v.store.IsPostgreSQL() {
		engine = "PostgreSQL"
	}
	if v.store.TakesWrites() {
		writes = marked(v.T("health.yes"), "good")
	}
	waiting, err := v.store.CountQueuedMails(v.r.Context())
	if err != nil {
		return err
	}
	deliveries, err := v.store.DueLogoutDeliveries(v.r.Context(), logoutsWaiting)
	if err != nil {
		return err
	}
	mail := marked(v.T("health.off"), "plain")
	if v.provider.SendsMail() {
		mail = marked(v.T("health.on"), "good").with(v.T("health.waiting", "n", number(waiting)))
	}
	s.Facts = []fact{
		{v.T("health.issuer"), code(v.issuer.String())},
		{v.T("health.database"), text(engine)},
		{v.T("health.writes"), writes},
		{v.T("health.clock"), text(v.store.ClockSkew().Round(time.Millisecond).String())},
		{v.T("health.configuration"), text(v.store.ConfigurationAge().Round(time.Millisecond).String())},
		{v.T("health.mail"), mail},
		{v.T("health.logouts"), text(number(int64(len(deliveries))))},
	}
	if v.certificateEnds != nil {
		s.Facts = append(s.Facts, fact{v.T("health.certificate"), moment(v.certificateEnds())})
	}
	s.Charts = []chart{keysChart(v)}
	s.Sections = []section{keysTable(v)}
	return show(v, v.T("health.title"), s)
}

// keysTable lists the signing keys with their life.
func keysTable(v *visit) section {
	t := &table{Label: v.T("keys.title"), Columns: []string{
		v.T("keys.id"), v.T("keys.algorithm"), v.T("people.state"), v.T("keys.published"), v.T("keys.signs_from"),
		v.T("keys.signs_until"), v.T("keys.verifies_until"),
	}}
	for _, k := range v.keys.Keys() {
		tone := "plain"
		if k.State == jwks.Active {
			tone = "good"
		}
		t.Rows = append(t.Rows, []cell{
			code(k.ID), text(k.Algorithm), marked(v.text.or("keys.state."+string(k.State), string(k.State)), tone),
			moment(k.CreatedAt), moment(k.ActivatesAt), whenKnown(v, k.RetiresAt), whenKnown(v, k.ExpiresAt),
		})
	}
	found := section{ID: "keys", Title: v.T("keys.title"), Lead: v.T("keys.lead"), Table: t}
	if v.operator.Has(operator.Keys) {
		found.Actions = []link{{v.T("action.rotate-keys.link"), address("health", "rotate-keys")}}
	}
	return found
}

func whenKnown(v *visit, at time.Time) cell {
	if at.IsZero() {
		return text(v.T("keys.not_yet"))
	}
	return moment(at)
}

// keyActions are those on the signing keys.
func keyActions() []action {
	return []action{{path: "health/rotate-keys", name: "rotate-keys", right: operator.Keys, ask: askRotateKeys}}
}

func askRotateKeys(v *visit) (*question, error) {
	options := make([]option, len(jwks.SupportedAlgorithms))
	for i, algorithm := range jwks.SupportedAlgorithms {
		options[i] = option{Value: algorithm, Label: algorithm, Selected: algorithm == v.r.PostForm.Get("algorithm")}
	}
	q := &question{Subject: v.T("health.title"), Back: address("health"), Fresh: true, Fields: []field{{
		Name: "algorithm", Label: v.T("keys.algorithm"), Type: "select", Options: options, Required: true,
	}}}
	q.do = withoutResult(func(ctx context.Context) error {
		err := v.keys.Rotate(ctx, v.r.PostForm.Get("algorithm"))
		switch {
		case errors.Is(err, jwks.ErrPending):
			return &formProblem{"keys.pending", "algorithm"}
		case errors.Is(err, jwks.ErrNoKey):
			return &formProblem{"keys.no_algorithm", "algorithm"}
		}
		return err
	})
	return q, nil
}
