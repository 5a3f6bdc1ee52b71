package login

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ithildin/storage"
)

// accountPage is where a person sees, and ends, what goes on in their name. Of the buttons of its form the one that was
// pressed is sent: end_session, withdraw_approval or sign_out_everywhere.
type accountPage struct {
	UserID    string // so that nobody presses a button for another user of the same browser
	UserName  string
	Sessions  []accountSession
	Approvals []accountApproval
}

type accountSession struct {
	ID              string
	Device          string // "" where it is not known
	Address         string
	Name            string // of its buttons: device, address and beginning, by which sessions differ
	Since, LastUsed int64  // epoch seconds
	Current         bool
}

type accountApproval struct {
	ID         string
	ClientName string
	Titles     []string
	Since      int64  // epoch seconds
	Open       string // where the client begins a sign-in; "" where it does not say
}

func (s *Service) showAccount(w http.ResponseWriter, r *http.Request) error {
	current, err := s.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current == nil {
		return s.RedirectToPage(w, r, PathSignIn, Interaction{Page: PathAccount})
	}
	v := s.newView(w, r, "")
	page := accountPage{UserID: current.User.ID, UserName: current.User.Email}
	if page.Sessions, err = s.sessionsOf(r, current, v.Words); err != nil {
		return err
	}
	if page.Approvals, err = s.approvalsOf(r, current.User.ID, v.Language); err != nil {
		return err
	}
	v.Title, v.Page = v.Words.Account, page
	return v.write(w, http.StatusOK, "account.html")
}

// sessionsOf are the sessions that still open something, this browser's first.
func (s *Service) sessionsOf(r *http.Request, current *storage.Login, t *messageSet) ([]accountSession, error) {
	sessions, err := s.store.ListLoginSessions(r.Context(), current.User.ID)
	if err != nil {
		return nil, err
	}
	var list []accountSession
	for _, session := range sessions {
		if s.isIdle(session) {
			continue
		}
		entry := accountSession{
			ID: session.SessionID, Device: deviceName(session.UserAgent), Since: session.CreatedAt,
			LastUsed: session.LastUsedAt, Current: session.SessionID == current.Session.SessionID, Address: session.Address,
		}
		entry.Name = strings.Join(slices.DeleteFunc([]string{
			cmp.Or(entry.Device, t.SessionUnknown), entry.Address, localTime(entry.Since),
		}, func(part string) bool { return part == "" }), ", ")
		if entry.Current {
			list = slices.Insert(list, 0, entry)
		} else {
			list = append(list, entry)
		}
	}
	return list, nil
}

func (s *Service) approvalsOf(r *http.Request, userID, language string) ([]accountApproval, error) {
	approvals, err := s.store.ListApprovals(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	catalogue, err := s.store.Scopes(r.Context())
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, scope := range catalogue {
		titles[scope.Name] = scopeTitle(scope, language)
	}
	var list []accountApproval
	for _, approval := range approvals {
		client, err := s.store.Client(r.Context(), approval.ClientID)
		if errors.Is(err, storage.ErrNotFound) {
			continue // deleted just now, and its approvals with it
		}
		if err != nil {
			return nil, err
		}
		entry := accountApproval{
			ID: approval.ID, ClientName: client.Name, Since: approval.CreatedAt,
			Open: s.loginInitiation(client.Metadata.InitiateLoginURI),
		}
		for _, name := range approval.Scope {
			title := titles[name]
			if title == "" {
				title = name
			}
			entry.Titles = append(entry.Titles, title)
		}
		for _, claim := range approval.Claims {
			entry.Titles = append(entry.Titles, claimTitle(claim, language))
		}
		list = append(list, entry)
	}
	return list, nil
}

// loginInitiation is the address at which a client begins a sign-in with this issuer (OIDC Core 4).
func (s *Service) loginInitiation(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return ""
	}
	query := u.Query()
	query.Set("iss", s.issuer)
	u.RawQuery = query.Encode()
	return u.String()
}

// submitAccount does what the pressed button says, for nobody but the person whom the page was made for.
func (s *Service) submitAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := submitted(r)
	if err != nil {
		return err
	}
	current, err := s.Login(r.Context(), r, "")
	if err != nil {
		return err
	}
	if current == nil || current.User.ID != form.Get("user") {
		s.redirect(w, r, PathAccount, "")
		return nil
	}
	switch {
	case form.Get("end_session") == current.Session.SessionID:
		return s.submitSignOut(w, r)
	case form.Has("end_session"):
		err = s.endOtherSession(r, current.User.ID, form.Get("end_session"))
	case form.Has("withdraw_approval"):
		err = s.withdrawApproval(r, current.User.ID, form.Get("withdraw_approval"))
	case form.Has("sign_out_everywhere"):
		return s.signOutEverywhere(w, r, current)
	}
	if err != nil {
		return err
	}
	s.redirect(w, r, PathAccount, "")
	return nil
}

func (s *Service) endOtherSession(r *http.Request, userID, sessionID string) error {
	ended, err := s.store.EndLoginSessionOf(r.Context(), userID, sessionID)
	if errors.Is(err, storage.ErrNotFound) {
		return errNotTheirs
	}
	if err != nil {
		return err
	}
	return s.ended(r, *ended)
}

func (s *Service) withdrawApproval(r *http.Request, userID, approvalID string) error {
	approvals, err := s.store.ListApprovals(r.Context(), userID)
	if err != nil {
		return err
	}
	for _, approval := range approvals {
		if approval.ID != approvalID {
			continue
		}
		ctx := storage.ActingAs(r.Context(), storage.Actor{
			By: storage.ByUser, UserID: userID, RequestID: s.requestID(r), Address: s.clientAddress(r),
		})
		return s.store.DeleteApproval(ctx, approvalID)
	}
	return errNotTheirs
}

func (s *Service) signOutEverywhere(w http.ResponseWriter, r *http.Request, current *storage.Login) error {
	sessions, err := s.store.EndLoginSessions(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	s.forgetSession(w)
	if err := s.ended(r, sessions...); err != nil {
		return err
	}
	var here *storage.EndedSession
	for i, session := range sessions {
		if session.SessionID == current.Session.SessionID {
			here = &sessions[i]
		}
	}
	return s.afterSignOut(w, r, here, Interaction{})
}
