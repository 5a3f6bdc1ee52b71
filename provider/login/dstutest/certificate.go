package dstutest

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"
)

var (
	oidSignature   = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 3, 1, 1} // DSTU 4145, the lowest byte first
	oidCurve257    = append(oidSignature[:len(oidSignature):len(oidSignature)], 2, 6)
	oidHash        = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 2, 1}
	oidTaxID       = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 11, 1, 4, 1, 1}
	oidCommonName  = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidDirectory   = asn1.ObjectIdentifier{2, 5, 29, 9} // subjectDirectoryAttributes
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectKey  = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
)

// Key is a private key on the curve of 257 bits.
type Key struct{ private *big.Int }

// NewKey makes a random key.
func NewKey() *Key { return &Key{randomBelow(curve257.order)} }

func (k *Key) public() point {
	p := curve257.times(curve257.base, k.private)
	return point{p.x, add(p.x, p.y)} // the negative
}

// Private is the private key as key files have it.
func (k *Key) Private() []byte { return bytesOf(k.private, 32) }

// Person is whom a certificate is about. Its zero value may sign, from 2020 to 2049.
type Person struct {
	Name, TaxID         string
	Agreement           bool // the key agrees on keys and does not sign
	NotBefore, NotAfter time.Time
}

// Authority is a certification authority.
type Authority struct {
	key    *Key
	serial int64
}

// NewAuthority makes an authority with a key of its own.
func NewAuthority() *Authority { return &Authority{key: NewKey()} }

type publicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

type validity struct{ NotBefore, NotAfter time.Time }

type tbsCertificate struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Signature  pkix.AlgorithmIdentifier
	Issuer     pkix.RDNSequence
	Validity   validity
	Subject    pkix.RDNSequence
	PublicKey  publicKeyInfo
	Extensions []pkix.Extension `asn1:"explicit,tag:3"`
}

type certificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

type curveParameters struct {
	Curve        asn1.ObjectIdentifier
	Substitution []byte `asn1:"optional"`
}

type directoryAttribute struct {
	Type   asn1.ObjectIdentifier
	Values []string `asn1:"set"`
}

// Certify returns the certificate of the key, in DER.
func (a *Authority) Certify(k *Key, p Person) []byte {
	a.serial++
	if p.NotBefore.IsZero() {
		p.NotBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if p.NotAfter.IsZero() {
		p.NotAfter = time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	usage := asn1.BitString{Bytes: []byte{0xC0}, BitLength: 2} // digitalSignature, nonRepudiation
	if p.Agreement {
		usage = asn1.BitString{Bytes: []byte{0x08}, BitLength: 5} // keyAgreement
	}
	publicKey := encode(bytesOf(curve257.compressPoint(k.public()), 33))
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidSignature}
	tbs := encode(tbsCertificate{
		Version: 2, Serial: big.NewInt(1<<40 + a.serial), Signature: algorithm,
		Issuer: named("Тестовий надавач довірчих послуг"), Subject: named(p.Name),
		Validity: validity{p.NotBefore, p.NotAfter},
		PublicKey: publicKeyInfo{
			pkix.AlgorithmIdentifier{Algorithm: oidSignature, Parameters: curveOf257()}, bitString(publicKey),
		},
		Extensions: []pkix.Extension{
			{Id: oidSubjectKey, Value: encode(Hash(publicKey))},
			{Id: oidKeyUsage, Critical: true, Value: encode(usage)},
			{Id: oidDirectory, Value: encode([]directoryAttribute{{oidTaxID, []string{p.TaxID}}})},
		},
	})
	return encode(certificate{
		asn1.RawValue{FullBytes: tbs}, algorithm, bitString(encode(curve257.sign(a.key.private, Hash(tbs)))),
	})
}

func curveOf257() asn1.RawValue {
	return asn1.RawValue{FullBytes: encode(curveParameters{oidCurve257, packedSubstitution()})}
}

func named(name string) pkix.RDNSequence {
	return pkix.RDNSequence{{{Type: oidCommonName, Value: name}}}
}

func bitString(content []byte) asn1.BitString {
	return asn1.BitString{Bytes: content, BitLength: 8 * len(content)}
}

// encode is for values of this package, which all have a form in DER.
func encode(value any) []byte {
	der, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return der
}

// decode refuses what is left after the value.
func decode(der []byte, value any) error {
	rest, err := asn1.Unmarshal(der, value)
	if err == nil && len(rest) > 0 {
		err = errors.New("dstutest: trailing data")
	}
	return err
}

// signer is what a certificate says of whoever signs.
type signer struct {
	public point
	taxID  string
}

// check returns the signer of a certificate that the authority gave, and that may sign at that time.
func (a *Authority) check(der []byte, now time.Time) (s signer, err error) {
	var c certificate
	var tbs tbsCertificate
	var signature []byte
	err = errors.Join(decode(der, &c), decode(c.TBS.FullBytes, &tbs), decode(c.Signature.Bytes, &signature))
	if err != nil {
		return s, err
	}
	if !curve257.verify(a.key.public(), Hash(c.TBS.FullBytes), signature) {
		return s, errors.New("dstutest: the certificate is of another authority")
	}
	if now.Before(tbs.Validity.NotBefore) || now.After(tbs.Validity.NotAfter) {
		return s, errors.New("dstutest: the certificate is not valid now")
	}
	var publicKey []byte
	if err := decode(tbs.PublicKey.PublicKey.Bytes, &publicKey); err != nil {
		return s, err
	}
	if s.public, err = curve257.expandPoint(littleEndian(publicKey)); err != nil {
		return s, err
	}
	for _, extension := range tbs.Extensions {
		switch {
		case extension.Id.Equal(oidDirectory):
			var attributes []directoryAttribute
			err = decode(extension.Value, &attributes)
			s.taxID = attributes[0].Values[0]
		case extension.Id.Equal(oidKeyUsage):
			var usage asn1.BitString
			if err = decode(extension.Value, &usage); err == nil && usage.At(0) == 0 {
				err = errors.New("dstutest: the certificate is not for signatures")
			}
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}
