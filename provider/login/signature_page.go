package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
	"ithildin/storage"
)

const (
	// maximumSignature bounds the signed file, in bytes.
	maximumSignature = 1 << 20
	signatureField   = "signature"
)

var (
	refusedSignatureMissing = &formError{http.StatusOK, messageSignatureMissing, ""}
	refusedSignature        = &formError{http.StatusOK, messageSignatureWrong, "signature"}
	refusedSigner           = &formError{http.StatusOK, messageSignerUnknown, "signer"}
	refusedPerson           = &formError{http.StatusOK, messageSignerUnknown, "person"}
	refusedSignatureAway    = &formError{http.StatusServiceUnavailable, messageSignatureAway, ""}
)

// errSignatureTooLarge is what a file that nobody signs would be.
var errSignatureTooLarge = errors.New("login: the signed file is too large")

type signaturePage struct {
	Client   Presentation
	Request  string
	Content  string       // what is to be signed
	Download template.URL // the same as a file
	Message  string
	// ScriptIntegrity is of the script that signs in the browser.
	ScriptIntegrity string
	Signing         signingPart
}

// signedMessage is what a person signs: it is worth something for this sign-in only.
type signedMessage struct {
	Service string `json:"service"`
	Nonce   string `json:"nonce"`
}

func (s *signInPages) showSignature(w http.ResponseWriter, r *http.Request) error {
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	return s.writeSignature(w, r, p, nil)
}

// writeSignature shows the form with the text to sign; the nonce in it stays the same through the refusals of a
// sign-in.
func (s *signInPages) writeSignature(w http.ResponseWriter, r *http.Request, p Interaction, problem *formError) error {
	destination, err := s.destination(r.Context(), p)
	if err != nil {
		return err
	}
	if p.Progress == nil || p.Progress.Nonce == "" {
		p.Progress = &SignInProgress{Nonce: s.store.NewID(), At: s.now().UnixMicro()}
	}
	request, err := s.Seal(w, r, p)
	if err != nil {
		return err
	}
	content, err := json.Marshal(signedMessage{Service: s.host, Nonce: p.Progress.Nonce})
	if err != nil {
		return err
	}
	v := s.newView(w, r, p.UILocales)
	v.Title = v.Messages.SignatureTitle
	signing, err := s.tools.part(w, r, v, p)
	if err != nil {
		return err
	}
	page := signaturePage{
		Client: v.present(destination), Request: request, Content: string(content),
		Download:        template.URL("data:application/json;base64," + base64.StdEncoding.EncodeToString(content)),
		ScriptIntegrity: signatureScript.integrity, Signing: signing,
	}
	v.Policy.Script = "'self'"
	var status int
	status, page.Message = s.showRefusal(w, v, problem)
	v.Page, v.Links = page, v.signInLinks()
	v.showContact()
	return v.write(w, status, "signature.html")
}

// submitSignature signs in whoever signed, by the tax id of the certificate.
func (s *signInPages) submitSignature(w http.ResponseWriter, r *http.Request) error {
	inbound.Allow(r, maximumSignature+maximumForm)
	if err := r.ParseMultipartForm(maximumSignature + maximumForm); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return errSignatureTooLarge
		}
		if errors.Is(err, inbound.ErrBusy) {
			return err
		}
		return errors.Join(errMalformedForm, err)
	}
	p, err := s.OpenInteraction(r)
	if err != nil {
		return err
	}
	if p.Progress == nil || p.Progress.Nonce == "" {
		return ErrPendingForeign
	}
	user, problem, err := s.signer(r, p.Progress.Nonce)
	if err != nil {
		return err
	}
	if problem != nil {
		if problem.reason != "" {
			userID := "" // of nobody who is known
			if user != nil {
				userID = user.ID
			}
			err := s.identity.RecordFailure(r, identity.MethodSignature, p.ClientID, userID, problem.reason)
			if err != nil {
				return err
			}
		}
		return s.writeSignature(w, r, p, problem)
	}
	return s.proceed(w, r, p, user, identity.BySignature)
}

// signer says who signed the nonce of this sign-in, which is used up by it.
func (s *signInPages) signer(r *http.Request, nonce string) (*storage.User, *formError, error) {
	file, header, err := r.FormFile(signatureField)
	if err != nil || header.Size == 0 || header.Size > maximumSignature {
		return nil, refusedSignatureMissing, nil
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maximumSignature))
	if err != nil {
		return nil, nil, errors.Join(errMalformedForm, err)
	}
	signed, err := s.identity.VerifySignedContent(r.Context(), base64.StdEncoding.EncodeToString(content))
	var passed *identity.SignatureServiceError
	switch {
	case errors.As(err, &passed):
		return nil, refusedSignature, nil
	case err != nil:
		s.logger.WarnContext(r.Context(), "a signature was not verified", "cause", err)
		return nil, refusedSignatureAway, nil
	}
	var message signedMessage
	if len(signed.Signatures) != 1 || !signed.Signatures[0].IsValid ||
		json.Unmarshal(signed.Content, &message) != nil || message.Nonce != nonce || message.Service != s.host {
		return nil, refusedSignature, nil
	}
	user, problem, err := s.userOfSignature(r.Context(), signed.Signatures[0].DRFO)
	if err != nil || problem != nil {
		return user, problem, err
	}
	expires := s.now().Add(PendingLifetime)
	err = s.store.UseJTI(r.Context(), "signature page", s.host, nonce, s.store.NewID(), expires)
	if errors.Is(err, storage.ErrUsed) {
		return user, refusedSignature, nil
	}
	return user, nil, err
}

// userOfSignature finds the user of a tax id that was signed with. A refusal comes with the user, where one is known.
func (s *signInPages) userOfSignature(ctx context.Context, taxID string) (*storage.User, *formError, error) {
	user, err := s.identity.FindSigner(ctx, taxID)
	switch {
	case errors.Is(err, identity.ErrSignerUnknown):
		return nil, refusedSigner, nil
	case errors.Is(err, identity.ErrUserBlocked):
		return user, refusedBlocked, nil
	case errors.Is(err, identity.ErrPersonUnknown), errors.Is(err, identity.ErrTaxIDMismatch):
		return user, refusedPerson, nil
	case errors.Is(err, identity.ErrPersonsUnavailable):
		s.logger.WarnContext(ctx, "the registry of persons was not asked", "cause", err)
		return user, refusedSignatureAway, nil
	}
	return user, nil, err
}
