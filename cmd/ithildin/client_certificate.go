package main

import "ithildin/storage"

// clientCertificateFields are about clients that connect with a certificate (RFC 8705). One that is registered itself
// is in the key set of the client.
type clientCertificateFields struct {
	TLSSubjectDN          *string `name:"tls-subject-dn" placeholder:"DN" help:"@tls_subject_dn"`
	TLSSANDNS             *string `name:"tls-san-dns" placeholder:"NAME" help:"Host name in its certificate."`
	TLSSANURI             *string `name:"tls-san-uri" placeholder:"URI" help:"URI in its certificate."`
	TLSSANIP              *string `name:"tls-san-ip" placeholder:"ADDRESS" help:"IP address in its certificate."`
	TLSSANEmail           *string `name:"tls-san-email" placeholder:"ADDRESS" help:"Mail address in its certificate."`
	CertificateBoundToken *bool   `name:"certificate-bound-access-tokens" negatable:"" help:"@certificate_bound"`
}

// apply sets the members whose flags were given.
func (f clientCertificateFields) apply(m *storage.Metadata) {
	for member, given := range map[*string]*string{
		&m.TLSClientAuthSubjectDN: f.TLSSubjectDN, &m.TLSClientAuthSANDNS: f.TLSSANDNS,
		&m.TLSClientAuthSANURI: f.TLSSANURI, &m.TLSClientAuthSANIP: f.TLSSANIP, &m.TLSClientAuthSANEmail: f.TLSSANEmail,
	} {
		replaceText(member, given)
	}
	if f.CertificateBoundToken != nil {
		m.CertificateBoundAccessTokens = *f.CertificateBoundToken
	}
}
