// Package passkeytest is an authenticator of passkeys for tests, and the browser before it: it answers the options of
// navigator.credentials with what a browser would send. What it says can be made wrong.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/stretchr/testify/require"
)

const credentialIDLength = 16 // bytes

// Authenticator has one passkey, from Create on.
type Authenticator struct {
	Origin           string // of the page, as the browser says
	SignCount        uint32 // of the latest answer; the next has one more, if Counts
	Counts           bool
	IsVerified       bool // its owner gives the PIN
	IsBackupEligible bool

	key          *ecdsa.PrivateKey
	credentialID []byte
	userHandle   string
}

// New makes an authenticator that counts and verifies its owner.
func New(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Counts: true, IsVerified: true}
}

// options are the members of the options of navigator.credentials that it reads.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

func read(t *testing.T, given string) (o options) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(given), &o))
	return o
}

// Create answers options of navigator.credentials.create, as JSON, with a new passkey.
func (a *Authenticator) Create(t *testing.T, given string) string {
	t.Helper()
	o := read(t, given)
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.credentialID, a.userHandle = make([]byte, credentialIDLength), o.User.ID
	_, err = rand.Read(a.credentialID)
	require.NoError(t, err)
	point, err := a.key.PublicKey.Bytes()
	require.NoError(t, err)
	// RFC 9053 section 7.1.1: an EC2 key for ES256 on P-256.
	key, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	require.NoError(t, err)
	attested := append(make([]byte, 16), 0, credentialIDLength)
	attested = append(append(attested, a.credentialID...), key...)
	object, err := webauthncbor.Marshal(map[string]any{
		"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(o.RP.ID, attested),
	})
	require.NoError(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON":    encode(a.clientData(t, "webauthn.create", o.Challenge)),
		"attestationObject": encode(object), "transports": []string{"internal", "carrier pigeon"},
	})
}

// Get answers options of navigator.credentials.get, as JSON.
func (a *Authenticator) Get(t *testing.T, given string) string {
	t.Helper()
	o := read(t, given)
	if a.Counts {
		a.SignCount++
	}
	data, client := a.data(o.RPID, nil), a.clientData(t, "webauthn.get", o.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	require.NoError(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature),
		"userHandle": a.userHandle,
	})
}

func (a *Authenticator) clientData(t *testing.T, ceremony, challenge string) []byte {
	content, err := json.Marshal(map[string]any{
		"type": ceremony, "challenge": challenge, "origin": a.Origin, "crossOrigin": false,
	})
	require.NoError(t, err)
	return content
}

// data is the authenticator data (WebAuthn 6.1).
func (a *Authenticator) data(relyingParty string, attested []byte) []byte {
	hash := sha256.Sum256([]byte(relyingParty))
	flags := byte(1)
	if a.IsVerified {
		flags |= 1 << 2
	}
	if a.IsBackupEligible {
		flags |= 1<<3 | 1<<4
	}
	if attested != nil {
		flags |= 1 << 6
	}
	data := binary.BigEndian.AppendUint32(append(hash[:], flags), a.SignCount)
	return append(data, attested...)
}

func (a *Authenticator) answer(t *testing.T, response map[string]any) string {
	id := encode(a.credentialID)
	content, err := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": map[string]any{}, "response": response,
	})
	require.NoError(t, err)
	return string(content)
}

func encode(content []byte) string { return base64.RawURLEncoding.EncodeToString(content) }
