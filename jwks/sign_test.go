package jwks

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

func TestAnyLibraryVerifiesWhatWeSignWithThePublishedSet(t *testing.T) {
	set := loadedSet(t, newMemoryStore())
	var published jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(set.Document(), &published))
	for _, algorithm := range SupportedAlgorithms {
		t.Run(algorithm, func(t *testing.T) {
			token, err := set.Sign(algorithm, "at+jwt", map[string]any{"sub": "doctor"})
			require.NoError(t, err)
			parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
			require.NoError(t, err)
			payload, err := parsed.Verify(&published)
			require.NoError(t, err)
			require.JSONEq(t, `{"sub":"doctor"}`, string(payload))

			payload, typ, err := set.Verify(token, algorithm)
			require.NoError(t, err)
			require.JSONEq(t, `{"sub":"doctor"}`, string(payload))
			require.Equal(t, "at+jwt", typ)
		})
	}
}

func TestTheHeaderHasAlgKidAndTypOnly(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), ES256)
	for typ, wanted := range map[string]string{
		"JWT": `{"alg":"ES256","kid":"` + set.Keys()[0].ID + `","typ":"JWT"}`,
		"":    `{"alg":"ES256","kid":"` + set.Keys()[0].ID + `"}`,
	} {
		token, err := set.Sign(ES256, typ, []byte(`{}`))
		require.NoError(t, err)
		encoded, _, _ := strings.Cut(token, ".")
		header, err := base64.RawURLEncoding.DecodeString(encoded)
		require.NoError(t, err)
		require.JSONEq(t, wanted, string(header))
		_, verifiedType, err := set.Verify(token)
		require.NoError(t, err)
		require.Equal(t, typ, verifiedType)
	}
}

func TestSignKeepsAJSONPayloadUnchanged(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), EdDSA)
	token, err := set.Sign(EdDSA, "JWT", []byte(`{ "b":1, "a":"<&>" }`))
	require.NoError(t, err)
	payload, _, err := set.Verify(token)
	require.NoError(t, err)
	require.Equal(t, `{ "b":1, "a":"<&>" }`, string(payload))
}

func TestClaimsThatAreNoJSONAreRefused(t *testing.T) {
	_, err := loadedSet(t, newMemoryStore(), EdDSA).Sign(EdDSA, "JWT", make(chan int))
	require.Error(t, err)
}

// The first two are the examples of OIDC Core A.3 and A.4; the last was computed with OpenSSL.
func TestHalfHashIsThatOfOpenIDConnectCore(t *testing.T) {
	const accessToken = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
	const code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"
	for _, example := range []struct{ algorithm, value, wanted string }{
		{RS256, accessToken, "77QmUPtjPfzWtF2AnpK9RQ"},
		{ES256, code, "LDktKdoQak3Pk0cnXxCltA"},
		{EdDSA, accessToken, "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"},
	} {
		got, err := HalfHash(example.algorithm, example.value)
		require.NoError(t, err)
		require.Equal(t, example.wanted, got)
	}
	_, err := HalfHash("HS256", code)
	require.ErrorIs(t, err, ErrAlgorithm)
}

func BenchmarkSign(b *testing.B) {
	set := loadedSet(b, newMemoryStore())
	claims := []byte(`{"iss":"https://id.example","sub":"6498d88e-97fb-47e2-85a5-99e884f888aa","exp":1790000000}`)
	for _, algorithm := range SupportedAlgorithms {
		b.Run(algorithm, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(loop *testing.PB) {
				for loop.Next() {
					if _, err := set.Sign(algorithm, "at+jwt", claims); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
