package login

import (
	"net/http"

	"ithildin/provider/identity"
	"ithildin/storage"
)

// StepUp leads the person of a session that is too weak for a request to the page of a second factor: the password,
// which the session began with, is not asked for again. Whoever has no second factor, or has to sign in by other means,
// signs in from the beginning. auth_time stays that of the password.
func (s *Service) StepUp(w http.ResponseWriter, r *http.Request, p Interaction, current *storage.Login) error {
	user, err := s.signIn.store.FindUser(r.Context(), current.User.ID)
	if err != nil {
		return err
	}
	has, err := s.signIn.factors().SecondFactors(r.Context(), user.ID)
	if err != nil {
		return err
	}
	session := current.Session
	if p.Required.Assurance != storage.AssuranceOneTimeCode || session.ACR != storage.AssurancePassword ||
		len(has.List) == 0 || s.signIn.identity.PasswordExpired(user) {
		return s.RedirectToPage(w, r, PathSignIn, p)
	}
	p.Progress = &SignInProgress{
		UserID: user.ID, At: s.signIn.now().UnixMicro(), PasswordSetAt: storage.EpochSeconds(user.PasswordSetAt),
		SessionID: session.SessionID, AuthTime: session.AuthTime.UnixMicro(),
	}
	kind := has.Kinds()[0]
	if kind == identity.FactorSMS {
		// A link from anywhere leads here, and must not have a message sent: that is for the person to say.
		return s.RedirectToPage(w, r, PathFactor, p)
	}
	return s.RedirectToPage(w, r, factorPaths[kind], p)
}
