package jwks

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

func base64url(data string) string { return base64.RawURLEncoding.EncodeToString([]byte(data)) }

func headerOf(algorithm, kid string) string {
	header, _ := json.Marshal(map[string]string{"alg": algorithm, "kid": kid, "typ": "JWT"})
	return base64url(string(header))
}

// activeKey answers the key that signs, with its private part.
func activeKey(set *Set, algorithm string) *key {
	return set.current.Load().active(algorithm, set.clock())
}

func TestVerifyRefusesForgedTokens(t *testing.T) {
	set := loadedSet(t, newMemoryStore())
	token := sign(t, set, ES256)
	parts := strings.Split(token, ".")
	header, payload, signature := parts[0], parts[1], parts[2]
	kid := keyIDOf(t, token)
	otherKid := activeKey(set, EdDSA).ID
	forgedPayload := base64url(`{"sub":"director"}`)

	for name, forged := range map[string]string{
		"nothing":                    "",
		"dots":                       "..",
		"many dots":                  strings.Repeat(".", 1000),
		"two parts":                  header + "." + payload,
		"four parts":                 token + ".",
		"JSON serialization":         `{"payload":"` + payload + `"}`,
		"alg none, unsigned":         headerOf("none", kid) + "." + payload + ".",
		"alg none, signature kept":   headerOf("none", kid) + "." + payload + "." + signature,
		"alg None":                   headerOf("None", kid) + "." + payload + ".",
		"alg empty":                  headerOf("", kid) + "." + payload + "." + signature,
		"alg of another key":         headerOf(RS256, kid) + "." + payload + "." + signature,
		"kid empty":                  headerOf(ES256, "") + "." + payload + "." + signature,
		"kid unknown":                headerOf(ES256, "unknown") + "." + payload + "." + signature,
		"kid that climbs":            headerOf(ES256, "../"+kid) + "." + payload + "." + signature,
		"kid that is SQL":            headerOf(ES256, "' OR '1'='1") + "." + payload + "." + signature,
		"kid of another algorithm":   headerOf(ES256, otherKid) + "." + payload + "." + signature,
		"kid and alg of another key": headerOf(EdDSA, otherKid) + "." + payload + "." + signature,
		"payload replaced":           header + "." + forgedPayload + "." + signature,
		"payload removed":            header + ".." + signature,
		"signature removed":          header + "." + payload + ".",
		"signature of zeros":         header + "." + payload + "." + base64url(strings.Repeat("\x00", 64)),
		"line break":                 token + "\n",
		"padding":                    token + "=",
		"critical extension that we know not": base64url(`{"alg":"ES256","kid":"`+kid+`","crit":["exp"],"exp":1}`) + "." +
			payload + "." + signature,
		"alg twice": base64url(`{"alg":"none","alg":"ES256","kid":"`+kid+`"}`) + "." + payload +
			"." + signature,
		"too long": header + "." + strings.Repeat("A", maxTokenBytes) + "." + signature,
	} {
		t.Run(name, func(t *testing.T) {
			payload, typ, err := set.Verify(forged)
			require.ErrorIs(t, err, ErrInvalidToken)
			require.Nil(t, payload)
			require.Empty(t, typ)
		})
	}
}

func TestVerifyRefusesAnHMACKeyedWithThePublicKey(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), RS256)
	signing := activeKey(set, RS256)
	der, err := x509.MarshalPKIXPublicKey(signing.private.Public())
	require.NoError(t, err)
	for _, algorithm := range []string{"HS256", RS256} {
		for _, secret := range [][]byte{der, signing.published} {
			input := headerOf(algorithm, signing.ID) + "." + base64url(`{"sub":"director"}`)
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			_, _, err = set.Verify(input+"."+base64url(string(mac.Sum(nil))), algorithm)
			require.ErrorIs(t, err, ErrInvalidToken)
		}
	}
}

func TestVerifyIgnoresKeysNamedInsideTheToken(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), EdDSA)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	options := (&jose.SignerOptions{}).
		WithHeader("jwk", jose.JSONWebKey{Key: public}).
		WithHeader("jku", "https://evil.example/jwks.json").
		WithHeader("x5u", "https://evil.example/chain.pem").
		WithHeader("kid", set.Keys()[0].ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: private}, options)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(`{"sub":"director"}`))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	_, _, err = set.Verify(token)
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestVerifyAcceptsOnlyTheRequestedAlgorithms(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), ES256, EdDSA)
	token := sign(t, set, ES256)
	_, _, err := set.Verify(token, EdDSA, ES256)
	require.NoError(t, err)
	for _, rejected := range []string{EdDSA, RS256, "HS256", "none", ""} {
		_, _, err = set.Verify(token, rejected)
		require.ErrorIs(t, err, ErrInvalidToken)
	}
}

func TestVerifyRefusesTheTokensOfAnotherProvider(t *testing.T) {
	set, other := loadedSet(t, newMemoryStore(), EdDSA), loadedSet(t, newMemoryStore(), EdDSA)
	_, _, err := set.Verify(sign(t, other, EdDSA))
	require.ErrorIs(t, err, ErrInvalidToken)
}

func TestEveryChangedCharacterBreaksAToken(t *testing.T) {
	set := loadedSet(t, newMemoryStore(), EdDSA)
	token := sign(t, set, EdDSA)
	_, _, err := set.Verify(token)
	require.NoError(t, err, "its signature is remembered from here on")
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		_, _, err := set.Verify(string(changed))
		require.ErrorIs(t, err, ErrInvalidToken, "character %d", i)
	}
}

func FuzzVerify(f *testing.F) {
	set := loadedSet(f, newMemoryStore(), ES256, EdDSA)
	issued := map[string]bool{}
	for _, algorithm := range []string{ES256, EdDSA} {
		token := sign(f, set, algorithm)
		parts := strings.Split(token, ".")
		kid := keyIDOf(f, token)
		issued[parts[0]+"."+parts[1]] = true
		f.Add(token)
		f.Add(headerOf("none", kid) + "." + parts[1] + ".")
		f.Add(headerOf("HS256", kid) + "." + parts[1] + "." + parts[2])
		f.Add(headerOf(algorithm, "../"+kid) + "." + parts[1] + "." + parts[2])
		f.Add(parts[0] + "." + base64url(`{"sub":"director"}`) + "." + parts[2])
	}
	f.Add("")
	f.Add("..")
	f.Add(`{"payload":"","signatures":[]}`)
	f.Fuzz(func(t *testing.T, token string) {
		if _, _, err := set.Verify(token); err != nil {
			require.ErrorIs(t, err, ErrInvalidToken)
			return
		}
		input := token[:strings.LastIndexByte(token, '.')]
		require.True(t, issued[input], "a token that was never issued verifies: %q", token)
	})
}
