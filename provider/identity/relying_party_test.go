package identity

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func TestPasskeysBelongToTheHostOfTheIssuerOrADomainAboveIt(t *testing.T) {
	party := func(issuer, id string) (*RelyingParty, error) {
		u, err := url.Parse(issuer)
		require.NoError(t, err)
		return NewRelyingParty(RelyingPartyOptions{Issuer: u, ID: id})
	}
	for issuer, ids := range map[string][]string{
		"https://id.example.com":      {"id.example.com", "example.com"},
		"https://id.example.com:8443": {"id.example.com"},
		"https://id.example.gov.ua":   {"example.gov.ua"},
		"http://localhost:8080":       {"localhost"},
	} {
		for _, id := range ids {
			p, err := party(issuer, id)
			require.NoError(t, err, id)
			require.Equal(t, id, p.ID())
		}
	}
	p, err := party("https://id.example.com:8443", "")
	require.NoError(t, err)
	require.Equal(t, "id.example.com", p.ID())
	for _, wrong := range []string{"com", "other.com", "xample.com", "www.id.example.com", "https://id.example.com"} {
		_, err := party("https://id.example.com", wrong)
		require.Error(t, err, wrong)
	}
	_, err = party("https://id.example.gov.ua", "gov.ua")
	require.ErrorContains(t, err, "anybody")
	for _, address := range []string{"https://192.0.2.1", "https://[2001:db8::1]:8443"} {
		_, err := party(address, "")
		require.ErrorIs(t, err, ErrNoDomain)
	}
}

func TestASignatureIsStrongerThanAPasskeyButNotPhishingResistant(t *testing.T) {
	order := []string{
		storage.AssurancePassword, storage.AssuranceOneTimeCode, storage.AssurancePhishingResistant,
		storage.AssurancePhishingResistantHardware, storage.AssuranceSignature,
	}
	for i, is := range order {
		for j, required := range order {
			want := i >= j && !(is == storage.AssuranceSignature && (j == 2 || j == 3))
			require.Equal(t, want, Satisfies(is, required), "%s for %s", is, required)
		}
	}
}
