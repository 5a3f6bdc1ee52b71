package identity_test

import (
	"bytes"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/provider/identity"
	"ithildin/provider/login/dstutest"
)

func armored(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func TestCertificatesOfAuthoritiesAreReadInEachFormTheyComeIn(t *testing.T) {
	authority := dstutest.NewAuthority().NewSubordinate()
	own, root := authority.Certificates()[0], authority.Certificates()[1]
	both := append(armored("CERTIFICATE", own), armored("CERTIFICATE", root)...)
	for name, file := range map[string][]byte{
		"PEM":                   both,
		"PEM with texts around": bytes.Join([][]byte{[]byte("Надавач\n"), both}, nil),
		"DER":                   bytes.Join([][]byte{own, root}, nil),
		"p7b":                   dstutest.Bundle(own, root),
		"p7b in PEM":            armored("PKCS7", dstutest.Bundle(own, root)),
		"each twice":            append(dstutest.Bundle(own, root), dstutest.Bundle(root, own)...),
	} {
		found, err := identity.ParseAuthorities(file)
		require.NoError(t, err, name)
		require.Len(t, found, 2, name)
		require.Equal(t, own, found[0].DER, name)
		require.Equal(t, "Тестовий надавач довірчих послуг", found[0].Name, name)
		require.Equal(t, "Тестовий центральний засвідчувальний орган", found[1].Name, name)
		require.Equal(t, time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC), found[1].NotAfter.UTC(), name)
	}
}

func TestBadBundleOfAuthoritiesIsRefusedWithAReason(t *testing.T) {
	own := dstutest.NewAuthority().Certificates()[0]
	for reason, files := range map[string][][]byte{
		"it has no certificate": {nil, dstutest.Bundle()},
		"neither PEM nor DER": {
			[]byte("no certificate"), {0x30, 0x80, 0, 0}, own[:len(own)-1], append(bytes.Clone(own), 0),
			{0x30, 0}, []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		},
		"it is no p7b file": {{0x30, 3, 2, 1, 1}},
		"it is no X.509 certificate": {{0x30, 2, 0x30, 0}, armored("CERTIFICATE", []byte{0x30, 4, 0x30, 2, 5, 0}),
			dstutest.Bundle([]byte{0x30, 0})},
		"its PEM is broken":          {append(armored("CERTIFICATE", own), []byte("-----BEGIN CERTIFICATE-----\nMII")...)},
		"it holds a EC PRIVATE KEY:": {armored("EC PRIVATE KEY", []byte("secret"))},
	} {
		for i, file := range files {
			_, err := identity.ParseAuthorities(file)
			require.ErrorContains(t, err, reason, "%s, %d", reason, i)
		}
	}
	var authorities identity.SignatureAuthorities
	require.NoError(t, authorities.Read(own))
	before, tag := authorities.Content()
	require.Error(t, authorities.Read([]byte("broken")))
	after, same := authorities.Content()
	require.Equal(t, before, after, "the certificates from before stay")
	require.Equal(t, tag, same)
}
