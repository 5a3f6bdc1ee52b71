package dstutest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1" // JKS is made of it
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"unicode/utf16"
)

// iterations is what programs take for the password of a key file.
const iterations = 10000

var (
	oidIIT    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 19398, 1, 1, 1, 2}
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMAC   = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 1, 2}
	oidCFB    = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 1, 1, 3}
	oidJKS    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}
)

// privateKeyInfo is PKCS #8 (RFC 5208).
func (k *Key) privateKeyInfo() []byte {
	return encode(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Private   []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: oidSignature, Parameters: explicitCurve()}, k.Private()})
}

// explicitCurve is the curve of 257 bits as key files have it: by its numbers, not by its name.
func explicitCurve() asn1.RawValue {
	type field struct{ M, K int }
	type numbers struct {
		Field field
		A     int
		B     []byte
		Order *big.Int
		Base  []byte
	}
	return asn1.RawValue{FullBytes: encode(struct {
		Curve        numbers
		Substitution []byte
	}{
		numbers{
			field{curve257.m, 12}, int(curve257.a), bytesOf(curve257.b, 33), curve257.order,
			bytesOf(curve257.compressPoint(curve257.base), 33),
		}, packedSubstitution(),
	})}
}

// IIT returns Key-6.dat in the older form, which holds no certificate.
func (k *Key) IIT(password []byte) []byte {
	secret := password
	for range iterations {
		secret = Hash(secret)
	}
	c := newBlockCipher(secret)
	plaintext := k.privateKeyInfo()
	padding := (8 - len(plaintext)%8) % 8
	padded := append(bytes.Clone(plaintext), make([]byte, padding)...)
	var encrypted []byte
	for i := 0; i < len(padded); i += 8 {
		encrypted = append(encrypted, c.encrypt(padded[i:i+8])...)
	}
	type parameters struct{ MAC, Padding []byte }
	return encode(struct {
		Encryption struct {
			Algorithm  asn1.ObjectIdentifier
			Parameters parameters
		}
		Encrypted []byte
	}{
		struct {
			Algorithm  asn1.ObjectIdentifier
			Parameters parameters
		}{oidIIT, parameters{c.mac(plaintext), encrypted[len(plaintext):]}}, encrypted[:len(plaintext)],
	})
}

// PBES2 returns Key-6.dat in the form since 2016 (order 1236/5/453), which holds no certificate.
func (k *Key) PBES2(password []byte) []byte {
	algorithm, encrypted := pbes2(password, k.privateKeyInfo())
	return encode(struct {
		Algorithm pkix.AlgorithmIdentifier
		Encrypted []byte
	}{algorithm, encrypted})
}

// pbes2 encrypts by RFC 8018 6.2, with the cipher and the hash of this package.
func pbes2(password, plaintext []byte) (algorithm pkix.AlgorithmIdentifier, encrypted []byte) {
	salt, iv := random(32), random(8)
	derivation := pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: encode(struct {
		Salt       []byte
		Iterations int
		Function   pkix.AlgorithmIdentifier
	}{salt, iterations, pkix.AlgorithmIdentifier{Algorithm: oidHMAC, Parameters: asn1.NullRawValue}})}}
	scheme := pkix.AlgorithmIdentifier{Algorithm: oidCFB, Parameters: asn1.RawValue{FullBytes: encode(struct {
		IV, Substitution []byte
	}{iv, packedSubstitution()})}}
	algorithm = pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: encode(struct {
		Derivation, Scheme pkix.AlgorithmIdentifier
	}{derivation, scheme})}}
	return algorithm, newBlockCipher(derive(password, salt)).cfb(iv, plaintext)
}

// derive is PBKDF2 (RFC 8018) with HMAC over the hash of this package, for one block.
func derive(password, salt []byte) []byte {
	last := hmac(password, append(bytes.Clone(salt), 0, 0, 0, 1))
	derived := [32]byte(last)
	for range iterations - 1 {
		last = hmac(password, last)
		derived = xor(derived, [32]byte(last))
	}
	return derived[:]
}

// hmac is RFC 2104 with blocks of 32 bytes.
func hmac(secret, content []byte) []byte {
	if len(secret) > 32 {
		secret = Hash(secret)
	}
	var inner, outer [32]byte
	copy(inner[:], secret)
	outer = inner
	for i := range inner {
		inner[i] ^= 0x36
		outer[i] ^= 0x5C
	}
	return Hash(append(outer[:], Hash(append(inner[:], content...))...))
}

// JKS returns a key store of Java with the key and its certificates.
func (k *Key) JKS(password string, certificates ...[]byte) []byte {
	var secret []byte
	for _, unit := range utf16.Encode([]rune(password)) {
		secret = binary.BigEndian.AppendUint16(secret, unit)
	}
	plaintext := k.privateKeyInfo()
	protected := random(sha1.Size)
	for chain := protected; len(protected) < sha1.Size+len(plaintext); {
		next := sha1.Sum(append(bytes.Clone(secret), chain...)) // the format
		chain = next[:]
		for _, octet := range chain[:min(sha1.Size, sha1.Size+len(plaintext)-len(protected))] {
			protected = append(protected, octet^plaintext[len(protected)-sha1.Size])
		}
	}
	check := sha1.Sum(append(bytes.Clone(secret), plaintext...)) // the format
	entry := encode(struct {
		Algorithm pkix.AlgorithmIdentifier
		Encrypted []byte
	}{pkix.AlgorithmIdentifier{Algorithm: oidJKS, Parameters: asn1.NullRawValue}, append(protected, check[:]...)})

	store := binary.BigEndian.AppendUint32(nil, 0xFEEDFEED)
	for _, n := range []uint32{2, 1, 1} { // version, entries, and that this is a private key
		store = binary.BigEndian.AppendUint32(store, n)
	}
	store = appendText(store, "key")
	store = binary.BigEndian.AppendUint64(store, 0)
	store = append(binary.BigEndian.AppendUint32(store, uint32(len(entry))), entry...)
	store = binary.BigEndian.AppendUint32(store, uint32(len(certificates)))
	for _, each := range certificates {
		store = appendText(store, "X.509")
		store = append(binary.BigEndian.AppendUint32(store, uint32(len(each))), each...)
	}
	digest := sha1.Sum(append(append(bytes.Clone(secret), "Mighty Aphrodite"...), store...)) // the format
	return append(store, digest[:]...)
}

var (
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidKeyBag        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2} // pkcs8ShroudedKeyBag
	oidCertBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
)

type safeBag struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue // within a context-specific tag
}

func newSafeBag(kind asn1.ObjectIdentifier, value []byte) safeBag {
	return safeBag{kind, asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: value}}
}

// PFX returns PKCS #12 (RFC 7292) with the key and its certificates, each encrypted by PBES2 as in Key-6.dat, and with
// the MAC over both.
func (k *Key) PFX(password string, certificates ...[]byte) []byte {
	keys := encode([]safeBag{newSafeBag(oidKeyBag, k.PBES2([]byte(password)))})
	var bags []safeBag
	for _, each := range certificates {
		bags = append(bags, newSafeBag(oidCertBag, encode(struct {
			Type  asn1.ObjectIdentifier
			Value []byte `asn1:"explicit,tag:0"`
		}{oidX509, each})))
	}
	algorithm, encrypted := pbes2([]byte(password), encode(bags))
	type encryptedContent struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Content   []byte `asn1:"tag:0"`
	}
	data := encode(struct {
		Version int
		Content encryptedContent
	}{0, encryptedContent{oidData, algorithm, encrypted}})
	safe := encode([]asn1.RawValue{{FullBytes: encodeData(keys)}, {FullBytes: encode(contentInfo{oidEncryptedData,
		asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: data}})}})
	salt := random(32)
	type digestInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	type macData struct {
		MAC        digestInfo
		Salt       []byte
		Iterations int
	}
	return encode(struct {
		Version int
		Safe    asn1.RawValue
		MAC     macData
	}{3, asn1.RawValue{FullBytes: encodeData(safe)}, macData{
		digestInfo{pkix.AlgorithmIdentifier{Algorithm: oidHash}, hmac(macKey(password, salt), safe)}, salt, iterations,
	}})
}

// macKey is the derivation of RFC 7292 B.2 for a MAC, where hash and block have 32 bytes.
func macKey(password string, salt []byte) []byte {
	var secret []byte
	for _, unit := range append(utf16.Encode([]rune(password)), 0) {
		secret = binary.BigEndian.AppendUint16(secret, unit)
	}
	key := bytes.Repeat([]byte{3}, 32)
	for _, part := range [][]byte{salt, secret} {
		size := (len(part) + 31) / 32 * 32
		key = append(key, bytes.Repeat(part, size/len(part)+1)[:size]...)
	}
	for range iterations {
		key = Hash(key)
	}
	return key
}

func appendText(store []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(store, uint16(len(text))), text...)
}

func random(n int) []byte {
	content := make([]byte, n)
	_, _ = rand.Read(content) // does not fail
	return content
}
