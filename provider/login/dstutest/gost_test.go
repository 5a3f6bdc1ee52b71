package dstutest

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASignatureIsThatOfTheExampleOfTheStandard(t *testing.T) {
	c := &curve{
		m: 163, modulus: polynomial(163, 7, 6, 3), a: 1, b: number("5FF6108462A2DC8210AB403925E638A19C1455D21"),
		order: number("400000000000000000002BEC12BE2262D39BCF14D"),
		base: point{
			number("72D867F93A93AC27DF9FF01AFFE74885C8C540420"), number("224A9C3947852B97C5599D5F4AB81122ADC3FD9B"),
		},
	}
	private := number("183F60FDF7951FF47D67193F8D073790C1C9B5A3E")
	public := point{
		number("57DE7FDE023FF929CB6AC785CE4B79CF64ABDC2DA"), number("3E85444324BCF06AD85ABF6AD7B5F34770532B9AA"),
	}
	negative := c.times(c.base, private)
	require.Equal(t, public, point{negative.x, add(negative.x, negative.y)})
	expanded, err := c.expandPoint(c.compressPoint(public))
	require.NoError(t, err)
	require.Equal(t, public, expanded)
	hash := bytesOf(number("9C9C44277910C9AAEE486883A2EB95B7180166DDF73532EEB76EDAEF52247FF"), 32)
	signature := append(bytesOf(number("274EA2C0CAA014A0D80A424F59ADE7A93068D08A7"), 21),
		bytesOf(number("2100D86957331832B8E8C230F5BD6A332B3615ACA"), 21)...)
	require.True(t, c.verify(public, hash, signature))
	require.True(t, c.verify(public, hash, c.sign(private, hash)))
	for _, i := range []int{0, 20, 21, 41} {
		changed := append([]byte(nil), signature...)
		changed[i] ^= 1
		require.False(t, c.verify(public, hash, changed))
	}
	hash[0] ^= 1
	require.False(t, c.verify(public, hash, signature))
}

// The hashes are those that the npm package gost89 0.1.11 computes.
func TestHashOfTextsThatEndInAndBetweenBlocks(t *testing.T) {
	for text, hash := range map[string]string{
		"abc":                   "a34a53504d8ba070cb73a583146167a0a3c226d793440d9cea24465fe02251f2",
		strings.Repeat("x", 32): "a371e219906f3f197430ca71719f641f8624c6d809036d4f7d7dea29f4f1bc56",
		strings.Repeat("y", 50): "ae754d917e27cfb0eb73dcdf5cec6c3c14746a105491eb85ba6e49e991e8c7c5",
	} {
		require.Equal(t, hash, hex.EncodeToString(Hash([]byte(text))), text)
	}
}

func TestVerifyTakesWhatSignMakesAndNothingElse(t *testing.T) {
	authority, key, person := NewAuthority(), NewKey(), Person{Name: "Коваль", TaxID: "3087512347"}
	now := time.Unix(1700000000, 0)
	signed := authority.Sign(key, person, []byte("content"))
	content, taxID, err := authority.Verify(signed, now)
	require.NoError(t, err)
	require.Equal(t, "content", string(content))
	require.Equal(t, "3087512347", taxID)
	_, _, err = NewAuthority().Verify(signed, now)
	require.ErrorContains(t, err, "another authority")
	_, _, err = authority.Verify(bytes.Replace(signed, []byte("content"), []byte("CONTENT"), 1), now)
	require.ErrorContains(t, err, "do not fit")
	_, _, err = authority.Verify(signed, now.AddDate(50, 0, 0))
	require.ErrorContains(t, err, "not valid now")
}
