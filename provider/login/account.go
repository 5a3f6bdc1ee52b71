package login

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"ithildin/storage"
)

// accountPage is where a person sees, and ends, what goes on in their name. Of the buttons of its form the one that was
// pressed is sent: end_session, forget_browser, withdraw_approval or sign_out_everywhere.
type accountPage struct {
	UserID    string // so that nobody presses a button for another user of the same browser
	UserName  string
	Notice    string // what has just been changed
	Links     []pageLink
	Text      *factorText
	Factors   []accountFactor
	OneAlone  bool // there is one second factor and no other
	Browsers  []rememberedBrowser
	Sessions  []accountSession
	Approvals []accountApproval
}

type accountSession struct {
	ID              string
	Device          string // "" where it is not known
	Address, Place  string
	Name            string // of its buttons: device, address and beginning, by which sessions differ
	Since, LastUsed time.Time
	Current         bool
}

type accountApproval struct {
	ID         string
	ClientName string
	Titles     []string
	Since      time.Time
	Open       string // where the client begins a sign-in; "" where it does not say
}

// accountPages are the account page and those of signing out.
type accountPages struct {
	*layout
	*interactions
	*sessions
	store        *storage.Store
	issuer       string // without a trailing slash
	afterSignOut func(http.ResponseWriter, *http.Request, *storage.EndedSession, Interaction) error
}

func (a *accountPages) showAccount(w http.ResponseWriter, r *http.Request) error {
	current, err := a.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current == nil {
		return a.RedirectToPage(w, r, PathSignIn, Interaction{Page: PathAccount})
	}
	v := a.newView(w, r, "").ofPerson(&current.User)
	page := accountPage{UserID: current.User.ID, UserName: current.User.Email, Notice: v.changed(r)}
	if page.Links, err = a.changesOf(r, current.User.ID, v); err != nil {
		return err
	}
	page.Text = v.Messages.Factors
	if page.Factors, err = a.factorsOf(r, current.User.ID, v); err != nil {
		return err
	}
	ways := 0
	for _, factor := range page.Factors {
		if factor.Left == "" { // recovery codes are no way of their own
			ways++
		}
	}
	page.OneAlone = ways == 1
	if page.Browsers, err = a.browsersOf(r, current.User.ID, v.Messages); err != nil {
		return err
	}
	if page.Sessions, err = a.sessionsOf(r, current, v); err != nil {
		return err
	}
	if page.Approvals, err = a.approvalsOf(r, current.User.ID, v.Messages); err != nil {
		return err
	}
	v.Title, v.Page = v.Messages.Account, page
	return v.write(w, http.StatusOK, "account.html")
}

// sessionsOf are the sessions that still open something, this browser's first.
func (a *accountPages) sessionsOf(r *http.Request, current *storage.Login, v *view) ([]accountSession, error) {
	sessions, err := a.store.ListLoginSessions(r.Context(), current.User.ID)
	if err != nil {
		return nil, err
	}
	var list []accountSession
	for _, session := range sessions {
		if a.isIdle(session) {
			continue
		}
		entry := accountSession{
			ID: session.SessionID, Device: v.Messages.deviceTitle(session.UserAgent), Since: session.CreatedAt,
			LastUsed: session.LastUsedAt, Current: session.SessionID == current.Session.SessionID,
			Address: session.Address, Place: a.places.of(session.Address),
		}
		entry.Name = strings.Join(slices.DeleteFunc([]string{
			cmp.Or(entry.Device, v.Messages.SessionUnknown), entry.Address, v.localTime(entry.Since),
		}, func(part string) bool { return part == "" }), ", ")
		if entry.Current {
			list = slices.Insert(list, 0, entry)
		} else {
			list = append(list, entry)
		}
	}
	return list, nil
}

func (a *accountPages) approvalsOf(r *http.Request, userID string, t *messageSet) ([]accountApproval, error) {
	approvals, err := a.store.ListApprovals(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	catalogue, err := a.store.Scopes(r.Context())
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, scope := range catalogue {
		titles[scope.Name] = scopeTitle(scope, t.language)
	}
	var list []accountApproval
	for _, approval := range approvals {
		client, err := a.store.Client(r.Context(), approval.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // deleted just now, and its approvals with it
		}
		if err != nil {
			return nil, err
		}
		entry := accountApproval{
			ID: approval.ID, ClientName: ListedName(client), Since: approval.CreatedAt,
			Open: loginInitiation(a.issuer, client.Metadata.InitiateLoginURI),
		}
		for _, name := range approval.Scope {
			title := titles[name]
			if title == "" {
				title = name
			}
			entry.Titles = append(entry.Titles, title)
		}
		for _, claim := range approval.Claims {
			entry.Titles = append(entry.Titles, t.claimTitle(claim))
		}
		list = append(list, entry)
	}
	return list, nil
}

// loginInitiation is the address at which a client begins a sign-in with this issuer (OIDC Core 4).
func loginInitiation(issuer, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	query := u.Query()
	query.Set("iss", issuer)
	u.RawQuery = query.Encode()
	return u.String()
}

// submitAccount does what the pressed button says, for nobody but the person whom the page was made for.
func (a *accountPages) submitAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := submitted(r)
	if err != nil {
		return err
	}
	current, err := a.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current == nil || current.User.ID != form.Get("user") {
		a.redirect(w, r, PathAccount, "")
		return nil
	}
	switch {
	case form.Get("end_session") == current.Session.SessionID:
		return a.submitSignOut(w, r)
	case form.Has("end_session"):
		err = a.endOtherSession(r, current.User.ID, form.Get("end_session"))
	case form.Has("forget_browser"):
		err = a.forgetBrowser(r, current.User.ID, form.Get("forget_browser"))
	case form.Has("withdraw_approval"):
		err = a.withdrawApproval(r, current.User.ID, form.Get("withdraw_approval"))
	case form.Has("sign_out_everywhere"):
		return a.signOutEverywhere(w, r, current)
	}
	if err != nil {
		return err
	}
	a.redirect(w, r, PathAccount, "")
	return nil
}

func (a *accountPages) endOtherSession(r *http.Request, userID, sessionID string) error {
	ended, err := a.store.EndLoginSessionOf(r.Context(), userID, sessionID)
	if errors.Is(err, storage.ErrNotFound) {
		return errNotTheirs
	}
	if err != nil {
		return err
	}
	return a.ended(r, *ended)
}

func (a *accountPages) withdrawApproval(r *http.Request, userID, approvalID string) error {
	approvals, err := a.store.ListApprovals(r.Context(), userID)
	if err != nil {
		return err
	}
	for _, approval := range approvals {
		if approval.ID != approvalID {
			continue
		}
		return a.store.DeleteApproval(a.identity.ActingAsOwner(r, userID), approvalID)
	}
	return errNotTheirs
}

func (a *accountPages) signOutEverywhere(w http.ResponseWriter, r *http.Request, current *storage.Login) error {
	sessions, err := a.store.EndLoginSessions(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	a.forgetSession(w)
	if err := a.ended(r, sessions...); err != nil {
		return err
	}
	var here *storage.EndedSession
	for i, session := range sessions {
		if session.SessionID == current.Session.SessionID {
			here = &sessions[i]
		}
	}
	return a.afterSignOut(w, r, here, Interaction{})
}
