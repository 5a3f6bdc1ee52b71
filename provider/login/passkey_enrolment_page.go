package login

import (
	"errors"
	"net/http"
	"slices"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// PathPasskeyEnrolment adds a passkey in a sign-in that nothing else completes.
const PathPasskeyEnrolment = "/login/passkey/new"

// enrollingPasskey is passed for the page on which a passkey is added, which is still the next step. Where the person
// has to follow a link first, it writes the page that says so, and returns no user.
func (s factorPages) enrollingPasskey(w http.ResponseWriter, r *http.Request) (Interaction, *storage.User, error) {
	p, user, err := s.passed(r)
	if err != nil {
		return p, nil, err
	}
	if p.Progress.ACR == "" {
		return p, nil, ErrPendingForeign
	}
	next, err := s.identity.NextStep(r.Context(), user, p.Required, identity.Proof{
		AMR: p.Progress.AMR, ACR: p.Progress.ACR,
	})
	if err == nil && next.Step != identity.StepPasskeyEnrolment {
		err = ErrPendingForeign
	}
	if err != nil {
		return p, nil, err
	}
	has, err := s.factors().SecondFactors(r.Context(), user.ID)
	if err != nil {
		return p, nil, err
	}
	if answered, err := s.askForLink(w, r, p, user.ID, has, p.Progress.ACR); answered || err != nil {
		return p, nil, err
	}
	return p, user, nil
}

func (s factorPages) showPasskeyEnrolment(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.enrollingPasskey(w, r)
	if err != nil || user == nil {
		return err
	}
	return s.writePasskeyEnrolment(w, r, p, user, nil)
}

func (s factorPages) writePasskeyEnrolment(
	w http.ResponseWriter, r *http.Request, p Interaction, user *storage.User, problem *formError,
) error {
	options, ceremony, err := identity.Passkeys{Service: s.identity}.BeginRegistration(r.Context(), user)
	if err != nil {
		return err
	}
	p.Passkey = ceremony
	v := s.newView(w, r, p.UILocales)
	page := passkeysPage{
		Text: v.Messages.Passkeys, Lead: v.Messages.Passkeys.EnrolLead, Action: PathPasskeyEnrolment,
		Longest: identity.MaximumPasskeyName,
	}
	if p.Progress.ACR == storage.AssurancePhishingResistant {
		page.Lead = page.Text.EnrolHardware
	}
	if page.Add, err = s.passkeyPart(w, r, v, p, options); err != nil {
		return err
	}
	v.showContact()
	return s.writeForm(w, v, "passkey_enrolment.html", page.Text.AddTitle, problem, func(message string) any {
		page.Message = message
		return page
	})
}

// submitPasskeyEnrolment stores the passkey. The sign-in goes on with what its answer proves, after the recovery codes
// where there were none.
func (s factorPages) submitPasskeyEnrolment(w http.ResponseWriter, r *http.Request) error {
	p, user, err := s.enrollingPasskey(w, r)
	if err != nil || user == nil {
		return err
	}
	if p.Passkey == nil {
		return ErrPendingForeign
	}
	recovery, proof, err := identity.Passkeys{Service: s.identity}.Register(r, identity.NewPasskey{
		UserID: user.ID, Name: r.PostForm.Get("name"), Ceremony: p.Passkey, Answer: r.PostForm.Get("credential"),
		Device: deviceName(r.UserAgent()),
	})
	problem, err := refusedPasskey(err)
	switch {
	case errors.Is(err, identity.ErrTooManyFactors):
		return identity.ErrNoPasskey
	case err != nil:
		return err
	case problem != nil:
		return s.writePasskeyEnrolment(w, r, p, user, problem)
	}
	if slices.Contains(p.Progress.AMR, identity.AMRPassword) {
		proof.AMR = append([]string{identity.AMRPassword}, proof.AMR...)
	}
	p.Passkey = nil
	if len(recovery) == 0 {
		return s.proceed(w, r, p, user, proof)
	}
	p.Progress.AMR, p.Progress.ACR = proof.AMR, proof.ACR
	return s.writeRecoveryCodes(w, r, p, recoveryPage{Codes: recovery, Action: PathEnrolled}, nil)
}
