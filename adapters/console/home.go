package console

import (
	"time"

	"ithildin/jwks"
	"ithildin/provider/operator"
	"ithildin/storage"
)

// showHome is where a sign-in leads: what needs attention, and what the operator may do.
func showHome(v *visit) error {
	s := &screen{Lead: v.T("home.lead")}
	var err error
	if s.Alerts, err = warnings(v); err != nil {
		return err
	}
	rights := make([]string, len(v.operator.Rights))
	for i, right := range v.operator.Rights {
		rights[i] = v.T("right." + string(right))
	}
	s.Facts = []fact{
		{v.T("home.operator"), text(v.operator.Name)},
		{v.T("home.rights"), words(rights)},
		{v.T("home.session"), moment(v.session.ExpiresAt)},
	}
	if v.operator.Has(operator.Read) {
		if s.Charts, err = chartsOfActivity(v); err != nil {
			return err
		}
		blocked := true
		_, people, err := v.store.PageOfUsers(v.r.Context(), storage.UserFilter{}, storage.Page{Size: 1})
		if err != nil {
			return err
		}
		_, barred, err := v.store.PageOfUsers(v.r.Context(), storage.UserFilter{IsBlocked: &blocked}, storage.Page{Size: 1})
		if err != nil {
			return err
		}
		_, clients, err := v.store.PageOfClients(v.r.Context(), storage.ClientFilter{}, storage.Page{Size: 1})
		if err != nil {
			return err
		}
		s.Facts = append(s.Facts,
			fact{v.T("home.people"), to(number(people.Entries), address("people"))},
			fact{v.T("home.blocked"), to(number(barred.Entries), address("people")+"?state=blocked")},
			fact{v.T("home.clients"), to(number(clients.Entries), address("clients"))})
		waiting, err := queues(v)
		if err != nil {
			return err
		}
		s.Facts = append(append(s.Facts, waiting...), ages(v)...)
	}
	return show(v, v.T("home.title"), s)
}

// queues are how many letters and notices of logouts wait.
func queues(v *visit) ([]fact, error) {
	mails, err := v.store.CountQueuedMails(v.r.Context())
	if err != nil {
		return nil, err
	}
	logouts, err := v.store.DueLogoutDeliveries(v.r.Context(), logoutsWaiting)
	return []fact{
		{v.T("home.mails"), gauge(mails, mailsWaiting)},
		{v.T("health.logouts"), gauge(int64(len(logouts)), logoutsWaiting)},
	}, err
}

// ages are how old the signing keys are that sign, and how long the certificate is still good.
func ages(v *visit) []fact {
	now := v.store.Now()
	var found []fact
	for _, k := range v.keys.Keys() {
		if k.State == jwks.Active {
			found = append(found, fact{v.T("home.key", "algorithm", k.Algorithm), to(v.T("home.days", "n",
				number(int64(now.Sub(k.ActivatesAt)/day))), address("health"))})
		}
	}
	if v.certificateEnds != nil {
		found = append(found, fact{v.T("health.certificate"), moment(v.certificateEnds())})
	}
	return found
}

const (
	day = 24 * time.Hour
	// certificateNotice is how long before the end of the certificate the pages warn.
	certificateNotice = 30 * day
)

// warnings are what an operator should do something about.
func warnings(v *visit) ([]string, error) {
	var found []string
	if !v.secure {
		found = append(found, v.T("warning.plain"))
	}
	if v.issuer.Scheme != "https" {
		found = append(found, v.T("warning.issuer"))
	}
	if !v.store.TakesWrites() {
		found = append(found, v.T("warning.database"))
	}
	if v.certificateEnds != nil && v.certificateEnds().Sub(v.store.Now()) < certificateNotice {
		found = append(found, v.T("warning.certificate", "day", v.certificateEnds().In(kyiv).Format(shownDay)))
	}
	waiting, err := v.store.CountQueuedMails(v.r.Context())
	if err != nil {
		return nil, err
	}
	if waiting > mailsWaiting {
		found = append(found, v.T("warning.mail", "n", number(waiting)))
	}
	deliveries, err := v.store.DueLogoutDeliveries(v.r.Context(), logoutsWaiting)
	if err != nil {
		return nil, err
	}
	if len(deliveries) == logoutsWaiting {
		found = append(found, v.T("warning.logouts"))
	}
	return found, nil
}

// How many letters and logouts may wait before somebody looks after them.
const (
	mailsWaiting   = 50
	logoutsWaiting = 50
)
