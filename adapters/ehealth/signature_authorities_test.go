package ehealth_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/login/dstutest"
)

// authoritiesPath has the certificates of authorities for the script of the signature page.
const authoritiesPath = "/login/signature/authorities"

// withAuthorities lets the operator recognize these certificates.
func withAuthorities(t *testing.T, certificates ...[]byte) func(*provider.Options) {
	authorities := &identity.SignatureAuthorities{}
	require.NoError(t, authorities.Read(dstutest.Bundle(certificates...)))
	return func(o *provider.Options) { o.Signing.Authorities = authorities }
}

func TestSignedFileHasTheCertificatesOfTheSignersAuthorities(t *testing.T) {
	root := dstutest.NewAuthority()
	authority, other := root.NewSubordinate(), root.NewSubordinate()
	impostor := authority.NewImpostor()
	for language, says := range map[string]string{
		"uk": "якого цей сервіс не знає", "en": "that this service does not know",
	} {
		t.Run(language, func(t *testing.T) {
			// The other one has the same name, and is asked first.
			s := newSignatureTest(t, withAuthorities(t, other.Certificates()[0], impostor.Certificates()[0],
				authority.Certificates()[0], root.Certificates()[0]))
			s.authority = authority
			s.components.signatures = authority.Service(s.clock)
			b := newChromium(t, "signature-authorities-"+language, 390, 844, language)
			asked := b.watchHosts()
			b.do(s.page())

			// Of the names of an authority that is known, and issued by another key.
			stranger := dstutest.NewAuthority().NewSubordinate().Certify(s.key, s.doctor)
			b.signs(s.file("stranger.jks", s.key.JKS("password", stranger)), "password")
			require.Contains(t, b.problem(), says)
			b.shows("#signing-problem", "unknown")
			require.NotContains(t, string(s.recorder.received()), "sign-in.p7s", "nothing was sent")

			// Of one whose certificate is among them, and who has no right to issue others.
			forged := impostor.Certify(s.key, s.doctor)
			b.signs(s.file("forged.jks", s.key.JKS("password", forged)), "password")
			require.Contains(t, b.problem(), says)

			mine := s.authority.Certify(s.key, s.doctor)
			b.signs(s.file("mine.jks", s.key.JKS("password", mine)), "password")
			b.do(chromedp.WaitVisible("#consent-accept"))
			received := s.recorder.received()
			require.True(t, bytes.Contains(received, mine))
			require.True(t, bytes.Contains(received, authority.Certificates()[0]), "the certificate of its issuer is beside it")
			require.False(t, bytes.Contains(received, root.Certificates()[0]), "whoever verifies has the root")
			require.Len(t, asked(), 1)
		})
	}
}

func TestCertificatesOfAuthoritiesAreServedToOurPagesOnly(t *testing.T) {
	authorities := &identity.SignatureAuthorities{}
	first, second := dstutest.NewAuthority().Certificates()[0], dstutest.NewAuthority().Certificates()[0]
	require.NoError(t, authorities.Read(first))
	s := newSignatureTest(t, func(o *provider.Options) { o.Signing.Authorities = authorities })
	got := s.send(http.MethodGet, authoritiesPath, nil, "")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, string(first), got.raw)
	require.Equal(t, "same-origin", got.header.Get("Cross-Origin-Resource-Policy"))
	require.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'")
	known := map[string]string{"If-None-Match": got.header.Get("ETag")}
	require.Equal(t, http.StatusNotModified, s.send(http.MethodGet, authoritiesPath, known, "").status)

	require.NoError(t, authorities.Read(second))
	got = s.send(http.MethodGet, authoritiesPath, known, "")
	require.Equal(t, string(second), got.raw, "what was read again is served at once")

	without := newSignatureTest(t).send(http.MethodGet, authoritiesPath, nil, "")
	require.Equal(t, http.StatusNotFound, without.status)
}
