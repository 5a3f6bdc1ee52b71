package ehealth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/storage"
)

// The errors of a sign-in by a digital signature, word for word.
var (
	errNonce           = unauthorized("jwt_invalid", "JWT is invalid.")
	errNonceMissing    = unauthorized("jwt_invalid", "Signed content does not contain field jwt.")
	errSignerWithout   = unprocessable("Digital signature signer does not contain drfo.")
	errSignerUnknown   = unauthorized("access_denied", "Person with tax id from digital signature not found.")
	errPersonUnknown   = unauthorized("access_denied", "Person not found.")
	errTaxID           = forbidden("tax_id_invalid", "Tax id not matched with MPI person.")
	errSignatureAbsent = contractError{status: http.StatusServiceUnavailable, body: errorObject{
		Type: "internal_error", Message: "Digital signature not verified. Try later",
	}}
)

// loginBySignature is the grant digital_signature (contract section 2.3). Who signed is what the signature service
// says; a drfo header says nothing.
func (a *loginAPI) loginBySignature(w http.ResponseWriter, r *http.Request, fields map[string]json.RawMessage) error {
	c := newCheck(fields)
	content := c.stringOf("signed_content")
	c.oneOf("signed_content_encoding", "base64")
	clientID, scope := c.clientID(), c.stringOf("scope")
	if failed := c.failed(); failed != nil {
		return failed
	}
	taxID, nonce, err := a.signer(r, content)
	if err != nil {
		return err
	}
	client, err := a.loginClient(r, clientID, grantDigitalSignature)
	if err != nil {
		return err
	}
	if !scopeOfType(client, scope) {
		return errScopeOutsideType
	}
	user, err := a.identity.FindSigner(r.Context(), taxID)
	if err != nil {
		return signerError(err)
	}
	// Last, so that a request which is refused for something else can be mended and sent again.
	if err := a.provider.Nonces().Use(r.Context(), nonce); errors.Is(err, provider.ErrNonce) {
		return errNonce.because(err)
	} else if err != nil {
		return err
	}
	if err := a.identity.RecordSignIn(r, identity.SignIn{
		ClientID: client.ID, UserID: user.ID, Proof: identity.BySignature,
	}); err != nil {
		return err
	}
	return a.answerSession(w, r, provider.SessionToken{
		Kind: storage.KindAccessToken, Client: client, UserID: user.ID, Scope: scopeAuthorize, ScopeRequest: scope,
		GrantType: grantDigitalSignature, AMR: identity.BySignature.AMR,
		ACR: identity.BySignature.ACR,
	}, nextRequestApps)
}

// signer checks the signature and returns the signer's tax id with the nonce that was signed, which is ours and in time
// but may have been used.
func (a *loginAPI) signer(r *http.Request, content string) (taxID, nonce string, err error) {
	signed, err := a.identity.VerifySignedContent(r.Context(), content)
	var passed *identity.SignatureServiceError
	switch {
	case errors.As(err, &passed):
		f := contractError{status: passed.Status, body: passed.Body, cause: err}
		if len(passed.Body) == 0 {
			f.body = errorObject{Type: "request_malformed"}
		}
		return "", "", f
	case errors.Is(err, identity.ErrSignatureUnavailable):
		return "", "", errSignatureAbsent.because(err)
	case err != nil:
		return "", "", err
	case len(signed.Signatures) != 1:
		f := errMalformed
		f.body = errorObject{Type: "request_malformed", Invalid: malformedRequest, Message: fmt.Sprintf(
			"document must be signed by 1 signer but contains %d signatures", len(signed.Signatures))}
		return "", "", f
	case !signed.Signatures[0].IsValid:
		return "", "", unprocessable(signed.Signatures[0].Message)
	}
	var message struct {
		JWT string `json:"jwt"`
	}
	if json.Unmarshal(signed.Content, &message) != nil || message.JWT == "" {
		return "", "", errNonceMissing
	}
	if err := a.provider.Nonces().Check(r.Context(), message.JWT); errors.Is(err, provider.ErrNonce) {
		return "", "", errNonce.because(err)
	} else if err != nil {
		return "", "", err
	}
	if signed.Signatures[0].DRFO == "" {
		return "", "", errSignerWithout
	}
	return signed.Signatures[0].DRFO, message.JWT, nil
}

// signerError puts an error of identity.FindSigner into the words of the contract.
func signerError(err error) error {
	switch {
	case errors.Is(err, identity.ErrSignerUnknown):
		return errSignerUnknown
	case errors.Is(err, identity.ErrUserBlocked):
		return errUserBlocked
	case errors.Is(err, identity.ErrPersonUnknown):
		return errPersonUnknown
	case errors.Is(err, identity.ErrTaxIDMismatch):
		return errTaxID
	case errors.Is(err, identity.ErrPersonsUnavailable):
		return errUnavailable.because(err)
	}
	return err
}
