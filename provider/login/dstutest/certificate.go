package dstutest

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"
)

var (
	oidSignature  = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 3, 1, 1} // DSTU 4145, the lowest byte first
	oidCurve257   = append(oidSignature[:len(oidSignature):len(oidSignature)], 2, 6)
	oidHash       = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 1, 2, 1}
	oidTaxID      = asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 11, 1, 4, 1, 1}
	oidCommonName = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidDirectory  = asn1.ObjectIdentifier{2, 5, 29, 9} // subjectDirectoryAttributes
	oidKeyUsage   = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectKey = asn1.ObjectIdentifier{2, 5, 29, 14}

	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidAuthorityKey     = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidAuthorityAccess  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidSubjectAccess    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 11}
	oidAccessStatus     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidAccessStamps     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 3}

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
	key         *Key
	name        string
	serial      int64
	above       *Authority // whose certificate it has; nil: it issued its own
	certificate []byte
	services    string
}

// NewAuthority makes an authority with a key of its own, whose certificate it issued itself.
func NewAuthority() *Authority {
	return newAuthority("Тестовий центральний засвідчувальний орган", nil)
}

// NewSubordinate makes an authority whose certificate this one issued.
func (a *Authority) NewSubordinate() *Authority {
	return newAuthority("Тестовий надавач довірчих послуг", a)
}

// NewImpostor makes what issues certificates without a right to: its own certificate is that of a person.
func (a *Authority) NewImpostor() *Authority {
	p := Person{Name: "Тестова служба"}
	i := &Authority{key: NewKey(), name: p.Name, above: a}
	i.certificate = a.Certify(i.key, p)
	return i
}

func newAuthority(name string, above *Authority) *Authority {
	a := &Authority{key: NewKey(), name: name, above: above}
	issuer := above
	if issuer == nil {
		issuer = a
	}
	a.certificate = issuer.issue(a.key, Person{Name: name}, extension(oidKeyUsage, usageBits(5, 6)),
		extension(oidBasicConstraints, struct{ CA bool }{true}))
	return a
}

// NameServices lets the certificates of people name the services of the authority, below an address.
func (a *Authority) NameServices(address string) { a.services = address }

// Certificates are its own and those of the authorities above it, its own first.
func (a *Authority) Certificates() [][]byte {
	if a.above == nil {
		return [][]byte{a.certificate}
	}
	return append([][]byte{a.certificate}, a.above.Certificates()...)
}

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
	usage := usageBits(0, 1) // digitalSignature, nonRepudiation
	if p.Agreement {
		usage = usageBits(4)
	}
	extensions := []pkix.Extension{
		extension(oidKeyUsage, usage), extension(oidDirectory, []directoryAttribute{{oidTaxID, []string{p.TaxID}}}),
	}
	if a.services != "" {
		extensions = append(extensions,
			extension(oidAuthorityAccess, accessTo(oidAccessStatus, a.services+"/ocsp")),
			extension(oidSubjectAccess, accessTo(oidAccessStamps, a.services+"/tsp")))
	}
	return a.issue(k, p, extensions...)
}

type accessDescription struct {
	Method  asn1.ObjectIdentifier
	Address string `asn1:"tag:6,ia5"`
}

// accessTo is RFC 5280 4.2.2.
func accessTo(method asn1.ObjectIdentifier, address string) []accessDescription {
	return []accessDescription{{method, address}}
}

func (a *Authority) issue(k *Key, p Person, extensions ...pkix.Extension) []byte {
	a.serial++
	if p.NotBefore.IsZero() {
		p.NotBefore = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if p.NotAfter.IsZero() {
		p.NotAfter = time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidSignature}
	tbs := encode(tbsCertificate{
		Version: 2, Serial: big.NewInt(1<<40 + a.serial), Signature: algorithm,
		Issuer: named(a.name), Subject: named(p.Name),
		Validity: validity{p.NotBefore, p.NotAfter},
		PublicKey: publicKeyInfo{
			pkix.AlgorithmIdentifier{Algorithm: oidSignature, Parameters: curveOf257()}, bitString(k.encoded()),
		},
		Extensions: append([]pkix.Extension{
			extension(oidSubjectKey, k.id()),
			extension(oidAuthorityKey, struct {
				ID []byte `asn1:"tag:0"`
			}{a.key.id()}),
		}, extensions...),
	})
	return encode(certificate{
		asn1.RawValue{FullBytes: tbs}, algorithm, bitString(encode(curve257.sign(a.key.private, Hash(tbs)))),
	})
}

// encoded is the public key as certificates have it.
func (k *Key) encoded() []byte { return encode(bytesOf(curve257.compressPoint(k.public()), 33)) }

// id is the identifier of the key in certificates.
func (k *Key) id() []byte { return Hash(k.encoded()) }

func extension(oid asn1.ObjectIdentifier, value any) pkix.Extension {
	return pkix.Extension{Id: oid, Critical: oid.Equal(oidKeyUsage), Value: encode(value)}
}

// usageBits is a KeyUsage (RFC 5280 4.2.1.3) of eight bits at most.
func usageBits(bits ...int) asn1.BitString {
	usage := asn1.BitString{Bytes: make([]byte, 1)}
	for _, bit := range bits {
		usage.Bytes[0] |= 0x80 >> bit
		usage.BitLength = max(usage.BitLength, bit+1)
	}
	return usage
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
