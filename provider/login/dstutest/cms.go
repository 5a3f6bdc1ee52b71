package dstutest

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

var (
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0"` // explicit
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated     struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"tag:0"`
	Signers      []signerInfo  `asn1:"set"`
}

type signerInfo struct {
	Version int
	Signer  struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttributes   asn1.RawValue `asn1:"tag:0"`
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttributes asn1.RawValue `asn1:"optional,tag:1"`
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// essCertIDv2 is RFC 5035, section 4, without the serial number.
type essCertIDv2 struct {
	Algorithm    pkix.AlgorithmIdentifier
	Hash         []byte
	IssuerSerial asn1.RawValue `asn1:"optional"`
}

// Sign returns a SignedData as another program of the person makes it.
func (a *Authority) Sign(k *Key, p Person, content []byte) []byte {
	return signWith(k, a.Certify(k, p), oidData, content)
}

// signWith returns a SignedData of content of a type, with the certificate of the key.
func signWith(k *Key, raw []byte, contentType asn1.ObjectIdentifier, content []byte) []byte {
	var c certificate
	var tbs tbsCertificate
	if err := errors.Join(decode(raw, &c), decode(c.TBS.FullBytes, &tbs)); err != nil {
		panic(err) // made by this package
	}
	hash := pkix.AlgorithmIdentifier{Algorithm: oidHash}
	one := func(oid asn1.ObjectIdentifier, value any) attribute {
		return attribute{oid, []asn1.RawValue{{FullBytes: encode(value)}}}
	}
	attributes, err := asn1.MarshalWithParams([]attribute{
		one(oidContentType, contentType), one(oidMessageDigest, Hash(content)),
		one(oidSigningCertificate, struct{ Certificates []essCertIDv2 }{[]essCertIDv2{{Algorithm: hash, Hash: Hash(raw)}}}),
	}, "set")
	if err != nil {
		panic(err) // all of it has a form in DER
	}
	info := signerInfo{
		Version: 1, DigestAlgorithm: hash, SignatureAlgorithm: pkix.AlgorithmIdentifier{Algorithm: oidSignature},
		Signature: curve257.sign(k.private, Hash(attributes)),
	}
	attributes[0] = 0xA0
	info.SignedAttributes.FullBytes = attributes
	info.Signer.Issuer, info.Signer.Serial = asn1.RawValue{FullBytes: encode(tbs.Issuer)}, tbs.Serial
	data := signedData{
		Version: 1, DigestAlgorithms: []pkix.AlgorithmIdentifier{hash}, Signers: []signerInfo{info},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: raw},
	}
	data.Encapsulated.Type, data.Encapsulated.Content = contentType, content
	return encode(contentInfo{oidSignedData, asn1.RawValue{
		Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: encode(data),
	}})
}

// Verify returns the content of a SignedData with one signature by a certificate of the authority that is inside, and
// the tax id of the signer. Detached signatures and those without signed attributes are refused.
func (a *Authority) Verify(cms []byte, now time.Time) (content []byte, taxID string, err error) {
	return a.open(cms, oidData, now)
}

// open is Verify for content of a type.
func (a *Authority) open(
	cms []byte, contentType asn1.ObjectIdentifier, now time.Time,
) (content []byte, taxID string, err error) {
	var outer contentInfo
	var data signedData
	if err := errors.Join(decode(cms, &outer), decode(outer.Content.Bytes, &data)); err != nil {
		return nil, "", err
	}
	if !outer.Type.Equal(oidSignedData) || !data.Encapsulated.Type.Equal(contentType) || len(data.Signers) != 1 {
		return nil, "", errors.New("dstutest: not one signature over content of that type")
	}
	info, content := data.Signers[0], data.Encapsulated.Content
	if !info.DigestAlgorithm.Algorithm.Equal(oidHash) || !info.SignatureAlgorithm.Algorithm.Equal(oidSignature) {
		return nil, "", errors.New("dstutest: another algorithm")
	}
	raw, err := data.certificateOf(info)
	if err != nil {
		return nil, "", err
	}
	s, err := a.check(raw, now)
	if err != nil {
		return nil, "", err
	}
	// The signature is over the attributes as the SET that they are, not by the tag that they have in the message.
	attributes := bytes.Clone(info.SignedAttributes.FullBytes)
	attributes[0] = 0x31
	if !curve257.verify(s.public, Hash(attributes), info.Signature) {
		return nil, "", errors.New("dstutest: the signature is wrong")
	}
	return content, s.taxID, checkAttributes(attributes, contentType, content, raw)
}

// certificateOf is the certificate, among those inside, that the signer names.
func (d *signedData) certificateOf(info signerInfo) ([]byte, error) {
	for rest := d.Certificates.Bytes; len(rest) > 0; {
		var raw asn1.RawValue
		var c certificate
		var tbs tbsCertificate
		var err error
		if rest, err = asn1.Unmarshal(rest, &raw); err != nil {
			return nil, err
		}
		if err := errors.Join(decode(raw.FullBytes, &c), decode(c.TBS.FullBytes, &tbs)); err != nil {
			return nil, err
		}
		if tbs.Serial.Cmp(info.Signer.Serial) == 0 && bytes.Equal(encode(tbs.Issuer), info.Signer.Issuer.FullBytes) {
			return raw.FullBytes, nil
		}
	}
	return nil, errors.New("dstutest: no certificate is the signer's")
}

// Bundle returns certificates as a PKCS #7 file that holds nothing else, which is the form of CACertificates.p7b.
func Bundle(certificates ...[]byte) []byte {
	data := encode(struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      struct{ Type asn1.ObjectIdentifier }
		Certificates asn1.RawValue
		Signers      []signerInfo `asn1:"set"`
	}{
		Version: 1, Content: struct{ Type asn1.ObjectIdentifier }{oidData},
		Certificates: asn1.RawValue{
			Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: bytes.Join(certificates, nil),
		},
	})
	return encode(contentInfo{oidSignedData, asn1.RawValue{
		Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: data,
	}})
}

// checkAttributes holds what was signed to the content and the certificate.
func checkAttributes(der []byte, contentType asn1.ObjectIdentifier, content, signedBy []byte) error {
	var attributes []attribute
	if rest, err := asn1.UnmarshalWithParams(der, &attributes, "set"); err != nil || len(rest) > 0 {
		return fmt.Errorf("dstutest: signed attributes: %w", err)
	}
	wanted := map[string]bool{}
	for _, each := range attributes {
		if len(each.Values) != 1 {
			return errors.New("dstutest: an attribute has not one value")
		}
		value := each.Values[0].FullBytes
		switch {
		case each.Type.Equal(oidContentType):
			wanted["type"] = bytes.Equal(value, encode(contentType))
		case each.Type.Equal(oidMessageDigest):
			wanted["digest"] = bytes.Equal(value, encode(Hash(content)))
		case each.Type.Equal(oidSigningCertificate):
			var signing struct{ Certificates []essCertIDv2 }
			err := decode(value, &signing)
			wanted["certificate"] = err == nil && len(signing.Certificates) == 1 &&
				bytes.Equal(signing.Certificates[0].Hash, Hash(signedBy))
		}
	}
	if !wanted["type"] || !wanted["digest"] || !wanted["certificate"] {
		return fmt.Errorf("dstutest: signed attributes do not fit: %v", wanted)
	}
	return nil
}
