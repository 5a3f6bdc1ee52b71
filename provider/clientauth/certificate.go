package clientauth

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"ithildin/provider/inbound"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// usesCertificate says whether clients of an authentication method present a certificate (RFC 8705 2).
func usesCertificate(method string) bool { return slices.Contains(CertificateMethods, method) }

// byCertificate authenticates a client by the certificate of its TLS connection (RFC 8705 2.1 and 2.2).
func (a *Authenticator) byCertificate(ctx context.Context, client *storage.Client) (*storage.Client, error) {
	presented := inbound.ClientCertificate(ctx)
	if presented == nil {
		return nil, authenticationFailed(errors.New("the request came with no certificate"))
	}
	check := a.checkRegistered
	if client.Metadata.TokenEndpointAuthMethod == storage.AuthMethodTLS {
		check = a.checkIssued
	}
	err := check(ctx, &client.Metadata, presented)
	if errors.Is(err, ErrKeySet) {
		return nil, oauth.InvalidClient("The client's certificates could not be read from its jwks_uri.").Because(err)
	}
	if err != nil {
		return nil, authenticationFailed(fmt.Errorf("certificate: %w", err))
	}
	return singleConnection(client)
}

// checkIssued holds a certificate to the authorities that the operator trusts, and to the subject that the client has
// registered.
func (a *Authenticator) checkIssued(_ context.Context, m *storage.Metadata, presented *inbound.Certificate) error {
	if a.authorities == nil {
		return errors.New("no authority is trusted for certificates of clients")
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range presented.Chain {
		intermediates.AddCert(certificate)
	}
	_, err := presented.Leaf.Verify(x509.VerifyOptions{
		Roots: a.authorities, Intermediates: intermediates, CurrentTime: a.now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return err
	}
	if !hasSubject(presented.Leaf, m) {
		return errors.New("its subject is not the one that the client has registered")
	}
	return nil
}

// hasSubject says whether a certificate has the one subject that a client registered (RFC 8705 2.1.2).
func hasSubject(leaf *x509.Certificate, m *storage.Metadata) bool {
	equals := func(value string) func(string) bool { return func(other string) bool { return other == value } }
	switch {
	case m.TLSClientAuthSubjectDN != "":
		return distinguishedName(leaf) == withoutSpaces(m.TLSClientAuthSubjectDN)
	case m.TLSClientAuthSANDNS != "":
		return slices.ContainsFunc(leaf.DNSNames, func(name string) bool {
			return strings.EqualFold(name, m.TLSClientAuthSANDNS)
		})
	case m.TLSClientAuthSANURI != "":
		for _, uri := range leaf.URIs {
			if uri.String() == m.TLSClientAuthSANURI {
				return true
			}
		}
		return false
	case m.TLSClientAuthSANIP != "":
		return slices.ContainsFunc(leaf.IPAddresses, net.ParseIP(m.TLSClientAuthSANIP).Equal)
	case m.TLSClientAuthSANEmail != "":
		return slices.ContainsFunc(leaf.EmailAddresses, equals(m.TLSClientAuthSANEmail))
	}
	return false
}

// distinguishedName is the subject of a certificate as RFC 4514 writes it, in the order that it has there; "" where it
// can't be read, which no client registers.
func distinguishedName(leaf *x509.Certificate) string {
	var subject pkix.RDNSequence
	if rest, err := asn1.Unmarshal(leaf.RawSubject, &subject); err != nil || len(rest) > 0 {
		return ""
	}
	return subject.String()
}

// withoutSpaces drops the spaces that many write behind the commas of a distinguished name.
func withoutSpaces(name string) string {
	var out strings.Builder
	afterComma, escaped := false, false
	for _, r := range name {
		if r == ' ' && afterComma {
			continue
		}
		afterComma = r == ',' && !escaped
		escaped = r == '\\' && !escaped
		out.WriteRune(r)
	}
	return out.String()
}

// checkRegistered looks for a certificate among those of the client's key set, registered or at its jwks_uri, which is
// fetched again where it is not there.
func (a *Authenticator) checkRegistered(
	ctx context.Context, m *storage.Metadata, presented *inbound.Certificate,
) error {
	now := a.now()
	if now.Before(presented.Leaf.NotBefore) || now.After(presented.Leaf.NotAfter) {
		return errors.New("it has expired, or is not valid yet")
	}
	unknown := errors.New("it is not among those of the client's key set")
	if m.JWKS != nil || m.JWKSURI == "" {
		if hasCertificate(m.JWKS, presented) {
			return nil
		}
		return unknown
	}
	for _, read := range []func(context.Context, string) (*jose.JSONWebKeySet, error){a.keySets.Get, a.keySets.Refresh} {
		keys, err := read(ctx, m.JWKSURI)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrKeySet, err)
		}
		if hasCertificate(keys, presented) {
			return nil
		}
	}
	return unknown
}

// hasCertificate says whether a key of the set has the certificate for its first one (RFC 7517 4.7).
func hasCertificate(keys *jose.JSONWebKeySet, presented *inbound.Certificate) bool {
	return keys != nil && slices.ContainsFunc(keys.Keys, func(key jose.JSONWebKey) bool {
		return len(key.Certificates) > 0 && key.Certificates[0].Equal(presented.Leaf)
	})
}
