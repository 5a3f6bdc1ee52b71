package dpop_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"ithildin/provider/dpop"
	"ithildin/provider/dpop/dpoptest"
)

const address = "https://id.example.com/oauth2/token"

var now = time.Date(2026, 11, 29, 12, 0, 30, 0, time.UTC)

func newVerifier(requireNonce bool) *dpop.Verifier {
	return &dpop.Verifier{
		Nonces: dpop.NewNonces([]byte(strings.Repeat("n", 32))), RequireNonce: requireNonce,
		Now: func() time.Time { return now },
	}
}

var token = dpop.Request{Method: "POST", URLs: []string{address}}

func requireReason(t *testing.T, reason string, err error, values ...any) {
	t.Helper()
	var refused *dpop.Error
	require.ErrorAs(t, err, &refused, values...)
	require.Equal(t, reason, refused.Reason, values...)
}

func TestAProofOfEachAlgorithmIsVerified(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	keys := map[jose.SignatureAlgorithm]any{jose.PS256: rsaKey, jose.ES256: ecdsaKey, jose.EdDSA: edKey}
	for _, algorithm := range dpop.Algorithms {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: keys[algorithm]},
			(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
		require.NoError(t, err)
		claims, err := json.Marshal(map[string]any{"jti": "1", "htm": "POST", "htu": address, "iat": now.Unix()})
		require.NoError(t, err)
		signed, err := signer.Sign(claims)
		require.NoError(t, err)
		compact, err := signed.CompactSerialize()
		require.NoError(t, err)
		proof, err := newVerifier(false).Verify([]string{compact}, token)
		require.NoError(t, err, algorithm)
		require.True(t, dpop.IsThumbprint(proof.Thumbprint))
	}
}

func TestAProofNamesItsKeyAndItsIDUntilItCannotBeAcceptedAnyMore(t *testing.T) {
	key := dpoptest.NewKey(t)
	v := newVerifier(false)
	issued := now.Add(time.Minute) // as late as it may be
	value := key.Proof("POST", address, issued, dpoptest.Claim("jti", "the id"))
	proof, err := v.Verify([]string{value}, token)
	require.NoError(t, err)
	require.Equal(t, key.Thumbprint(), proof.Thumbprint)
	require.Equal(t, "the id", proof.ID)
	v.Now = func() time.Time { return proof.ExpiresAt }
	_, err = v.Verify([]string{value}, token)
	requireReason(t, dpop.Time, err)
}

func TestARequestWithoutAProofHasNone(t *testing.T) {
	proof, err := newVerifier(true).Verify(nil, token)
	require.NoError(t, err)
	require.Nil(t, proof)
}

func TestAProofIsAboutOneAccessToken(t *testing.T) {
	key := dpoptest.NewKey(t)
	for name, c := range map[string]struct {
		with  dpoptest.With
		isFor bool
	}{
		"this token":    {dpoptest.For("token"), true},
		"another token": {dpoptest.For("token2"), false},
		"no token":      {dpoptest.Claim("ath", nil), false},
		"the token":     {dpoptest.Claim("ath", "token"), false},
	} {
		proof, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, c.with)}, token)
		require.NoError(t, err)
		require.Equal(t, c.isFor, proof.IsFor("token"), name)
	}
}

func TestWhatDoesNotCountInAProofIsIgnored(t *testing.T) {
	key := dpoptest.NewKey(t)
	for name, with := range map[string]dpoptest.With{
		"iat 10 seconds ago":           dpoptest.Claim("iat", now.Unix()-10),
		"iat in 10 seconds":            dpoptest.Claim("iat", now.Unix()+10),
		"iat with a fraction":          dpoptest.Claim("iat", float64(now.Unix())+0.5),
		"exp in the past":              dpoptest.Claim("exp", now.Unix()-100),
		"nbf in the future":            dpoptest.Claim("nbf", now.Unix()+100),
		"typ in upper case":            dpoptest.HeaderMember("typ", "DPoP+JWT"),
		"a kid":                        dpoptest.HeaderMember("kid", "1"),
		"the jwk for signatures":       dpoptest.HeaderMember("jwk", merged(key.JWK(), "use", "sig")),
		"the jwk with its alg":         dpoptest.HeaderMember("jwk", merged(key.JWK(), "alg", "ES256")),
		"the address with a query":     dpoptest.Claim("htu", address+"?a=b"),
		"the address with a fragment":  dpoptest.Claim("htu", address+"#a"),
		"the scheme in upper case":     dpoptest.Claim("htu", "HTTPS://id.example.com/oauth2/token"),
		"the host in upper case":       dpoptest.Claim("htu", "https://ID.Example.COM/oauth2/token"),
		"the default port":             dpoptest.Claim("htu", "https://id.example.com:443/oauth2/token"),
		"a letter that is encoded":     dpoptest.Claim("htu", "https://id.example.com/oauth2/%74oken"),
		"dot segments":                 dpoptest.Claim("htu", "https://id.example.com/a/../oauth2/./token"),
		"dot segments that are hidden": dpoptest.Claim("htu", "https://id.example.com/a/%2e%2E/oauth2/token"),
	} {
		_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, with)}, token)
		require.NoError(t, err, name)
	}
}

func merged(members map[string]any, name string, value any) map[string]any {
	members[name] = value
	return members
}

func TestAttackProofThatIsNoProof(t *testing.T) {
	key := dpoptest.NewKey(t)
	right := key.Proof("POST", address, now)
	header, rest, _ := strings.Cut(right, ".")
	for name, values := range map[string][]string{
		"two proofs":               {right, key.Proof("POST", address, now)},
		"two proofs in one header": {right + ", " + right},
		"an empty header":          {""},
		"no JWT":                   {"proof"},
		"too long":                 {key.Proof("POST", address, now, dpoptest.Claim("x", strings.Repeat("x", 9000)))},
		"no signature":             {header + "."},
		"JSON serialization":       {`{"protected":"` + header + `"}`},
	} {
		_, err := newVerifier(false).Verify(values, token)
		requireReason(t, dpop.Malformed, err, name)
	}
	otherHeader, _, _ := strings.Cut(dpoptest.NewKey(t).Proof("POST", address, now), ".")
	_, err := newVerifier(false).Verify([]string{otherHeader + "." + rest}, token)
	requireReason(t, dpop.Signature, err, "the header of another key")
}

func TestAttackProofWithAWrongHeader(t *testing.T) {
	key := dpoptest.NewKey(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	weak := map[string]any{}
	encoded, err := jose.JSONWebKey{Key: &small.PublicKey}.MarshalJSON()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &weak))
	symmetric := map[string]any{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}
	for name, with := range map[string]dpoptest.With{
		"no typ":                        dpoptest.HeaderMember("typ", nil),
		"the typ of a JWT":              dpoptest.HeaderMember("typ", "JWT"),
		"a typ that is no text":         dpoptest.HeaderMember("typ", 1),
		"no alg":                        dpoptest.HeaderMember("alg", nil),
		"alg none":                      dpoptest.HeaderMember("alg", "none"),
		"alg HS256":                     dpoptest.HeaderMember("alg", "HS256"),
		"alg RS256":                     dpoptest.HeaderMember("alg", "RS256"),
		"alg ES384":                     dpoptest.HeaderMember("alg", "ES384"),
		"no jwk":                        dpoptest.HeaderMember("jwk", nil),
		"a private key":                 dpoptest.HeaderMember("jwk", key.PrivateJWK()),
		"a private part that is broken": dpoptest.HeaderMember("jwk", merged(key.JWK(), "d", "AA")),
		"a private part elsewhere":      dpoptest.HeaderMember("jwk", merged(key.JWK(), "p", "AA")),
		"a symmetric key":               dpoptest.HeaderMember("jwk", symmetric),
		"a symmetric key and HS256": func(c *dpoptest.Content) {
			c.Header["jwk"], c.Header["alg"] = symmetric, "HS256"
		},
		"a key of RSA for ES256":   dpoptest.HeaderMember("jwk", weak),
		"a short key of RSA":       func(c *dpoptest.Content) { c.Header["jwk"], c.Header["alg"] = weak, "PS256" },
		"a key for encryption":     dpoptest.HeaderMember("jwk", merged(key.JWK(), "use", "enc")),
		"a key for another alg":    dpoptest.HeaderMember("jwk", merged(key.JWK(), "alg", "ES384")),
		"a point off the curve":    dpoptest.HeaderMember("jwk", merged(key.JWK(), "x", key.JWK()["y"])),
		"a header that it demands": dpoptest.HeaderMember("crit", []string{"exp"}),
		"a payload that is plain":  dpoptest.HeaderMember("b64", false),
	} {
		_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, with)}, token)
		var refused *dpop.Error
		require.ErrorAs(t, err, &refused, name)
		require.Contains(t, []string{dpop.Malformed, dpop.BadKey}, refused.Reason, name)
	}
}

func TestAttackProofOfAnotherRequest(t *testing.T) {
	key := dpoptest.NewKey(t)
	for name, with := range map[string]dpoptest.With{
		"no method":                  dpoptest.Claim("htm", nil),
		"another method":             dpoptest.Claim("htm", "GET"),
		"the method in lower case":   dpoptest.Claim("htm", "post"),
		"no address":                 dpoptest.Claim("htu", nil),
		"a path":                     dpoptest.Claim("htu", "/oauth2/token"),
		"no scheme":                  dpoptest.Claim("htu", "//id.example.com/oauth2/token"),
		"another scheme":             dpoptest.Claim("htu", "http://id.example.com/oauth2/token"),
		"a scheme that is not HTTP":  dpoptest.Claim("htu", "ftp://id.example.com/oauth2/token"),
		"another host":               dpoptest.Claim("htu", "https://evil.example.com/oauth2/token"),
		"a host with a trailing dot": dpoptest.Claim("htu", "https://id.example.com./oauth2/token"),
		"a host as a user":           dpoptest.Claim("htu", "https://id.example.com@evil.example/oauth2/token"),
		"a user":                     dpoptest.Claim("htu", "https://user@id.example.com/oauth2/token"),
		"another port":               dpoptest.Claim("htu", "https://id.example.com:8443/oauth2/token"),
		"the port of another scheme": dpoptest.Claim("htu", "https://id.example.com:80/oauth2/token"),
		"another path":               dpoptest.Claim("htu", "https://id.example.com/oauth2/revoke"),
		"a path in another case":     dpoptest.Claim("htu", "https://id.example.com/OAuth2/token"),
		"a slash at the end":         dpoptest.Claim("htu", address+"/"),
		"a slash twice":              dpoptest.Claim("htu", "https://id.example.com//oauth2/token"),
		"a slash that is encoded":    dpoptest.Claim("htu", "https://id.example.com/oauth2%2Ftoken"),
		"a letter that is encoded twice": dpoptest.Claim("htu",
			"https://id.example.com/oauth2/%2574oken"),
		"a question mark that is encoded": dpoptest.Claim("htu", address+"%3F"),
		"a backslash":                     dpoptest.Claim("htu", `https://id.example.com\oauth2\token`),
		"a line break":                    dpoptest.Claim("htu", address+"\n"),
		"an encoded host":                 dpoptest.Claim("htu", "https://id%2Eexample.com/oauth2/token"),
		"an address that is opaque":       dpoptest.Claim("htu", "https:id.example.com/oauth2/token"),
	} {
		_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, with)}, token)
		requireReason(t, dpop.Target, err, name)
	}
	_, err := newVerifier(false).Verify([]string{key.Proof("POST", "/x", now)}, dpop.Request{Method: "POST"})
	requireReason(t, dpop.Target, err, "where no address is configured, none is right")
}

func TestAttackProofOfAnotherTime(t *testing.T) {
	key := dpoptest.NewKey(t)
	for name, with := range map[string]dpoptest.With{
		"no iat":           dpoptest.Claim("iat", nil),
		"an hour ago":      dpoptest.Claim("iat", now.Unix()-3600),
		"in an hour":       dpoptest.Claim("iat", now.Unix()+3600),
		"61 seconds ago":   dpoptest.Claim("iat", now.Unix()-61),
		"in 61 seconds":    dpoptest.Claim("iat", now.Unix()+61),
		"beyond all times": dpoptest.Claim("iat", 1e300),
	} {
		_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, with)}, token)
		requireReason(t, dpop.Time, err, name)
	}
	for name, with := range map[string]dpoptest.With{
		"an iat that is a text": dpoptest.Claim("iat", "now"),
		"no jti":                dpoptest.Claim("jti", nil),
		"a jti that is empty":   dpoptest.Claim("jti", ""),
		"a jti that is long":    dpoptest.Claim("jti", strings.Repeat("j", 256)),
	} {
		_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, with)}, token)
		requireReason(t, dpop.Malformed, err, name)
	}
}

func TestANonceIsGoodForAMinuteOrTwo(t *testing.T) {
	key, v := dpoptest.NewKey(t), newVerifier(true)
	nonce := v.Nonces.At(now)
	use := func(at time.Time) error {
		v.Now = func() time.Time { return at }
		_, err := v.Verify([]string{key.Proof("POST", address, at, dpoptest.Claim("nonce", nonce))}, token)
		return err
	}
	require.NoError(t, use(now))
	require.NoError(t, use(now.Add(time.Minute)))
	require.NoError(t, use(now.Add(-time.Minute)), "of a server whose clock is ahead")
	requireReason(t, dpop.Nonce, use(now.Add(2*time.Minute)))
	requireReason(t, dpop.Nonce, use(now.Add(-2*time.Minute)))
}

func TestTheSenderOfAnOlderNonceIsGivenTheNewest(t *testing.T) {
	key, v := dpoptest.NewKey(t), newVerifier(false)
	next := func(with ...dpoptest.With) string {
		proof, err := v.Verify([]string{key.Proof("POST", address, now, with...)}, token)
		require.NoError(t, err)
		return v.NextNonce(proof)
	}
	require.Empty(t, next(), "who uses none is given none")
	require.Empty(t, next(dpoptest.Claim("nonce", v.Nonces.At(now))))
	require.Equal(t, v.Nonces.At(now), next(dpoptest.Claim("nonce", v.Nonces.At(now.Add(-time.Minute)))))
}

func TestAttackProofWithoutANonceOrWithAForeignOne(t *testing.T) {
	key := dpoptest.NewKey(t)
	foreign := dpop.NewNonces([]byte(strings.Repeat("f", 32))).At(now)
	for name, c := range map[string]struct {
		require bool
		with    dpoptest.With
	}{
		"none where one is required":     {true, dpoptest.Claim("nonce", nil)},
		"one of another provider":        {true, dpoptest.Claim("nonce", foreign)},
		"a foreign one that was offered": {false, dpoptest.Claim("nonce", foreign)},
	} {
		_, err := newVerifier(c.require).Verify([]string{key.Proof("POST", address, now, c.with)}, token)
		requireReason(t, dpop.Nonce, err, name)
	}
}

func TestARefusalRepeatsWhatWasReceivedWithinQuotesOnly(t *testing.T) {
	key := dpoptest.NewKey(t)
	_, err := newVerifier(false).Verify([]string{key.Proof("POST", address, now, dpoptest.Claim("htu", "secret\n\"x"))},
		token)
	var refused *dpop.Error
	require.True(t, errors.As(err, &refused))
	require.Contains(t, refused.Problem, `"secret\n\"x"`)
}
