package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"ithildin/provider/dpop"
	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// What is wrong with what the sender of a request has proved to hold.
var (
	// ErrNotHeld says that a token, a code or a refresh token is bound to a key which its sender has not proved to hold.
	ErrNotHeld = errors.New("provider: bound to a key, and the request does not prove to hold it")
	// ErrProofMissing says that a client whose access tokens must be bound has proved to hold nothing to bind them to.
	ErrProofMissing = errors.New("provider: the access tokens of the client must be bound to a key or a certificate")
)

// namespaceProof is the namespace of the ids of proofs; the issuer of an id is the thumbprint of its key.
const namespaceProof = "dpop"

// parameterDPoPKey is the thumbprint of the key to which an authorization request binds its code (RFC 9449 10).
const parameterDPoPKey = "dpop_jkt"

// headerNonce is the header that has the nonce for the next proof (RFC 9449 8.1).
const headerNonce = "DPoP-Nonce"

// Proofs verifies that the senders of requests hold keys (RFC 9449). It is safe for concurrent use.
type Proofs struct {
	store    *storage.Store
	issuer   string
	alias    string   // of the endpoints that clients call with a certificate; "" where there are none
	origins  []string // of the APIs behind gateways
	verifier dpop.Verifier
	count    func(reason string) // of each refusal
}

// Verify reads the DPoP proof of a request: nil where its header has none. The proof must be about a request of that
// method to one of the URLs, as its sender knows them. The header of the answer gets the nonce that the sender is to
// use from now on. The error is an *oauth.Error of status 400.
func (p *Proofs) Verify(given, answer http.Header, method string, urls ...string) (*dpop.Proof, error) {
	proof, err := p.verifier.Verify(given.Values(dpop.Header), dpop.Request{Method: method, URLs: urls})
	var refused *dpop.Error
	if errors.As(err, &refused) {
		p.count(refused.Reason)
		code := oauth.CodeInvalidDPoPProof
		if refused.Reason == dpop.Nonce {
			code = oauth.CodeUseDPoPNonce
			answer.Set(headerNonce, p.verifier.Nonces.At(p.store.Now()))
		}
		return nil, oauth.NewError(http.StatusBadRequest, code, refused.Problem).Because(err)
	}
	if err != nil || proof == nil {
		return nil, err
	}
	if next := p.verifier.NextNonce(proof); next != "" {
		answer.Set(headerNonce, next)
	}
	return proof, nil
}

// ofRequest is Verify for a request to an endpoint of the provider.
func (p *Proofs) ofRequest(w http.ResponseWriter, r *http.Request, path string) (*dpop.Proof, error) {
	urls := []string{p.issuer + path}
	if p.alias != "" {
		urls = append(urls, p.alias+path)
	}
	return p.Verify(r.Header, w.Header(), r.Method, urls...)
}

// Origins are those of the APIs behind gateways, as Options.GatewayOrigins names them.
func (p *Proofs) Origins() []string { return p.origins }

// OfGateway is Verify for a request that a gateway asks about: its method, and its path and query. It must have been
// sent to one of the origins of Options.GatewayOrigins: a gateway repeats the Host of the request, which proves
// nothing. A request without a proof is refused too.
func (p *Proofs) OfGateway(given, answer http.Header, method, target string) (*dpop.Proof, error) {
	urls := make([]string, len(p.origins))
	for i, origin := range p.origins {
		urls[i] = origin + target
	}
	proof, err := p.Verify(given, answer, method, urls...)
	if err == nil && proof == nil {
		p.count(dpop.Missing)
		err = oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidDPoPProof, "The request has no DPoP proof.")
	}
	return proof, err
}

// useProof uses a proof up with the writes of a request; Flush answers storage.ErrReplayed where it was used before.
func useProof(batch *storage.Batch, proof *dpop.Proof) {
	batch.UseJTI(namespaceProof, proof.Thumbprint, proof.ID, proof.ExpiresAt)
}

// Use uses a proof up, in a write of its own; nil needs none. The error of one that was used before is an *oauth.Error
// of status 400.
func (p *Proofs) Use(ctx context.Context, proof *dpop.Proof) error {
	if proof == nil {
		return nil
	}
	err := p.store.UseJTI(ctx, namespaceProof, proof.Thumbprint, proof.ID, p.store.NewID(), proof.ExpiresAt)
	if errors.Is(err, storage.ErrUsed) {
		return p.replayed(err)
	}
	return err
}

// replayed is the error of a proof that was used before.
func (p *Proofs) replayed(cause error) error {
	p.count(dpop.Replayed)
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidDPoPProof,
		"The DPoP proof has been used before: want one with another jti for each request.").Because(cause)
}

// Require holds whoever presents an access token to what the token is bound to (RFC 9449 7.1, RFC 8705 3): a key, the
// certificate of the TLS connection, or both. Where it is bound to no key a proof is out of place, since it proves
// nothing of the token. Errors: ErrNotHeld, wrapped with the reason.
func (p *Proofs) Require(
	ctx context.Context, bound *storage.Confirmation, token string, proof *dpop.Proof,
) error {
	if bound == nil {
		bound = &storage.Confirmation{}
	}
	if bound.X5TS256 != "" && bound.X5TS256 != inbound.ClientCertificate(ctx).Thumbprint() {
		return fmt.Errorf("%w: the certificate", ErrNotHeld)
	}
	reason := ""
	switch {
	case bound.JKT == "" && proof == nil:
		return nil
	case proof == nil:
		reason = dpop.Missing
	case bound.JKT != proof.Thumbprint:
		reason = dpop.Binding
	case !proof.IsFor(token):
		reason = dpop.Token
	default:
		return nil
	}
	p.count(reason)
	return fmt.Errorf("%w: %s", ErrNotHeld, reason)
}

// confirmation is what the access token of a request is bound to; nil for a bearer token. Whether a certificate binds
// is for the client to say, since it may have one for other ends.
func (i *issuance) confirmation() *storage.Confirmation {
	var bound storage.Confirmation
	if i.proof != nil {
		bound.JKT = i.proof.Thumbprint
	}
	if i.client != nil && i.client.Metadata.CertificateBoundAccessTokens {
		bound.X5TS256 = i.certificate
	}
	if bound == (storage.Confirmation{}) {
		return nil
	}
	return &bound
}

// requireBinding refuses an access token that is bound to less than its client must bind it to. The error is an
// *oauth.Error.
func (p *Proofs) requireBinding(i *issuance, client *storage.Client) error {
	switch {
	case client.Metadata.DPoPBoundAccessTokens && i.proof == nil:
		p.count(dpop.Missing)
		return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidDPoPProof,
			"The access tokens of this client are bound to a key: the request must have a DPoP proof.").Because(ErrProofMissing)
	case client.Metadata.CertificateBoundAccessTokens && i.certificate == "":
		return oauth.InvalidRequest("The access tokens of this client are bound to its certificate: it must connect with " +
			"one, see mtls_endpoint_aliases of the metadata.").Because(ErrProofMissing)
	}
	return nil
}

// proves says whether the request proves to hold all of this; nil is nothing.
func (i *issuance) proves(bound *storage.Confirmation) bool {
	return bound == nil || i.provesKey(bound.JKT) && (bound.X5TS256 == "" || bound.X5TS256 == i.certificate)
}

// provesKey says whether the request proves to hold the key of that thumbprint, "" for any or none.
func (i *issuance) provesKey(thumbprint string) bool {
	return thumbprint == "" || i.proof != nil && i.proof.Thumbprint == thumbprint
}

// sessionOfGrant is what the grant of a code remembers of its session: the refresh tokens of a public client are bound
// to what it proved to hold (RFC 9449 5, RFC 8705 4), while another authenticates each time.
func (i *issuance) sessionOfGrant() *storage.Session {
	session := *i.code.Session
	session.DPoPKey = ""
	if i.client.IsPublic() {
		session.Confirmation = i.confirmation()
	}
	return &session
}
