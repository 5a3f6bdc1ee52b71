package login

import (
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

// PathPasskeys is where a signed-in person adds and removes passkeys.
const PathPasskeys = "/login/account/passkeys"

// passkeyPages are the passkeys of a signed-in person.
type passkeyPages struct{ *credentialPages }

type passkeysPage struct {
	Text     *passkeyText
	Lead     string
	Action   string // of the forms
	Request  string
	Notice   string // what has just been changed
	Message  string
	Passkeys []storage.Passkey
	Add      *passkeyPart // nil where no more may be added
	Longest  int          // of a name, in characters
}

func (p *passkeyPages) mount(pages chi.Router) {
	inbound.Route(pages, PathPasskeys, p.handle(p.showPasskeys), http.MethodGet, http.MethodHead)
	inbound.Route(pages, PathPasskeys, p.handle(p.recent(PathPasskeys, p.submitPasskeys)), http.MethodPost)
}

// showPasskeys asks whoever has not signed in just now to do so again.
func (p *passkeyPages) showPasskeys(w http.ResponseWriter, r *http.Request) error {
	if !(identity.Passkeys{Service: p.identity}).AreOn() {
		return errNoPage
	}
	current, interaction, _, err := p.beginRecent(w, r, PathPasskeys, "")
	if err != nil || current == nil {
		return err
	}
	return p.writePasskeys(w, r, current, interaction, nil)
}

func (p *passkeyPages) writePasskeys(
	w http.ResponseWriter, r *http.Request, current *storage.Login, interaction Interaction, problem *formError,
) error {
	passkeys, err := p.store.ListPasskeys(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	v := p.newView(w, r, "")
	t := v.Messages.Passkeys
	page := passkeysPage{
		Text: t, Lead: t.Lead, Action: PathPasskeys, Passkeys: passkeys, Longest: identity.MaximumPasskeyName,
		Notice: t.Changed[r.URL.Query().Get("changed")],
	}
	options, ceremony, err := identity.Passkeys{Service: p.identity}.BeginRegistration(r.Context(), &current.User)
	switch {
	case errors.Is(err, identity.ErrTooManyFactors):
	case err != nil:
		return err
	default:
		interaction.Passkey = ceremony
		if page.Add, err = p.passkeyPart(w, r, v, interaction, options); err != nil {
			return err
		}
	}
	interaction.Passkey = nil
	if page.Request, err = p.Seal(w, r, interaction); err != nil {
		return err
	}
	v.Links = v.accountLink()
	return p.writeForm(w, v, "passkeys.html", t.Title, problem, func(message string) any {
		page.Message = message
		return page
	})
}

// submitPasskeys removes a passkey or adds one.
func (p *passkeyPages) submitPasskeys(
	w http.ResponseWriter, r *http.Request, current *storage.Login, interaction Interaction,
) error {
	if id := r.PostForm.Get("remove"); id != "" {
		err := p.factors().RemoveFactor(r, current.User.ID, storage.FactorPasskey, id)
		switch {
		case errors.Is(err, identity.ErrLastFactor):
			return p.writePasskeys(w, r, current, interaction, refusedLastFactor)
		case errors.Is(err, identity.ErrFactorUnknown):
			return errNotTheirs
		}
		return p.changedPasskeys(w, r, changedPasskeyRemoved, err)
	}
	if interaction.Passkey == nil {
		return ErrPendingForeign
	}
	recovery, _, err := identity.Passkeys{Service: p.identity}.Register(r, identity.NewPasskey{
		UserID: current.User.ID, Name: r.PostForm.Get("name"), Ceremony: interaction.Passkey,
		Answer: r.PostForm.Get("credential"), Device: deviceName(r.UserAgent()),
	})
	problem, err := refusedPasskey(err)
	switch {
	case errors.Is(err, identity.ErrTooManyFactors):
		p.redirect(w, r, PathPasskeys, "")
		return nil
	case err != nil:
		return err
	case problem != nil:
		return p.writePasskeys(w, r, current, interaction, problem)
	case len(recovery) == 0:
		return p.changedPasskeys(w, r, changedPasskeyAdded, nil)
	}
	return factorPages{p.signInPages}.writeRecoveryCodes(w, r, interaction, recoveryPage{
		Codes: recovery, Notice: p.newView(w, r, "").Messages.Passkeys.Changed[changedPasskeyAdded],
	}, func(v *view) []pageLink {
		return append([]pageLink{{"passkeys", v.Path + PathPasskeys, v.Messages.Passkeys.Title}}, v.accountLink()...)
	})
}

// changedPasskeys shows the passkeys again, with what was changed.
func (p *passkeyPages) changedPasskeys(w http.ResponseWriter, r *http.Request, changed string, err error) error {
	if err != nil {
		return err
	}
	p.writeHeaders(w, contentPolicy{})
	http.Redirect(w, r, p.layout.path+PathPasskeys+"?changed="+changed, http.StatusSeeOther)
	return nil
}
