package identity

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync/atomic"
	"time"
)

// mostAuthorities bounds the certificates of a bundle.
const mostAuthorities = 5000

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

var errNoAuthorities = errors.New("it is neither PEM nor DER: want certificates, or a p7b file with certificates")

// AuthorityCertificate is a certificate of an authority that issues the certificates with which people sign.
type AuthorityCertificate struct {
	DER      []byte
	Name     string // the common name of the subject; the serial number where it has none
	NotAfter time.Time
}

// SignatureAuthorities are the certificates of the authorities that the operator recognizes. Its zero value has none.
// It is safe for concurrent use.
type SignatureAuthorities struct {
	current atomic.Pointer[authorityBundle]
}

type authorityBundle struct {
	certificates []AuthorityCertificate
	content      []byte
	tag          string
}

// Read takes the certificates of a file in place of those from before, which stay where it fails. The forms of the file
// are those of ParseAuthorities.
func (a *SignatureAuthorities) Read(file []byte) error {
	certificates, err := ParseAuthorities(file)
	if err != nil {
		return err
	}
	bundle := &authorityBundle{certificates: certificates}
	for _, each := range certificates {
		bundle.content = append(bundle.content, each.DER...)
	}
	hash := sha256.Sum256(bundle.content)
	bundle.tag = base64.RawURLEncoding.EncodeToString(hash[:])
	a.current.Store(bundle)
	return nil
}

// Certificates are those that were read last.
func (a *SignatureAuthorities) Certificates() []AuthorityCertificate {
	if bundle := a.current.Load(); bundle != nil {
		return bundle.certificates
	}
	return nil
}

// Content is all certificates in DER, one after the other, with a text that differs where they differ.
func (a *SignatureAuthorities) Content() (content []byte, tag string) {
	if bundle := a.current.Load(); bundle != nil {
		return bundle.content, bundle.tag
	}
	return nil, ""
}

// ParseAuthorities reads certificates in the forms in which authorities publish them: one or more in DER or in PEM, or
// a PKCS #7 file with certificates (.p7b, in DER or PEM), which is the form of CACertificates.p7b. Each is returned
// once. What they are certificates of is not judged: keys and signatures may be of any algorithm. An error says what is
// wrong with the file.
func ParseAuthorities(file []byte) ([]AuthorityCertificate, error) {
	parts, err := authorityParts(file)
	if err != nil {
		return nil, err
	}
	var found []AuthorityCertificate
	for _, der := range parts {
		if slices.ContainsFunc(found, func(c AuthorityCertificate) bool { return bytes.Equal(c.DER, der) }) {
			continue
		}
		certificate, err := parseAuthority(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(found)+1, err)
		}
		if found = append(found, certificate); len(found) > mostAuthorities {
			return nil, fmt.Errorf("it has more than %d certificates", mostAuthorities)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("it has no certificate")
	}
	return found, nil
}

// authorityParts takes a file apart into certificates that are not looked at yet.
func authorityParts(file []byte) (parts [][]byte, err error) {
	armor := []byte("-----BEGIN ")
	if !bytes.Contains(file, armor) {
		return elementsOfAuthorities(file)
	}
	for block, rest := pem.Decode(file); ; block, rest = pem.Decode(rest) {
		if block == nil {
			if bytes.Contains(rest, armor) {
				return nil, errors.New("its PEM is broken")
			}
			return parts, nil
		}
		switch block.Type {
		case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE", "PKCS7", "CMS":
		default:
			return nil, fmt.Errorf("it holds a %s: want certificates alone", block.Type)
		}
		more, err := elementsOfAuthorities(block.Bytes)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
}

// elementsOfAuthorities splits DER into certificates; those of a PKCS #7 element are taken out of it.
func elementsOfAuthorities(der []byte) (parts [][]byte, err error) {
	for len(der) > 0 {
		var element asn1.RawValue
		if der, err = asn1.Unmarshal(der, &element); err != nil || !isDERSequence(element) {
			return nil, errNoAuthorities
		}
		var first asn1.RawValue
		if _, err := asn1.Unmarshal(element.Bytes, &first); err != nil {
			return nil, errNoAuthorities
		}
		if isDERSequence(first) {
			parts = append(parts, element.FullBytes)
			continue
		}
		inside, err := certificatesOfPKCS7(element.FullBytes)
		if err != nil {
			return nil, err
		}
		parts = append(parts, inside...)
	}
	return parts, nil
}

func isDERSequence(v asn1.RawValue) bool {
	return v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSequence && v.IsCompound
}

// certificatesOfPKCS7 are those of a SignedData (RFC 5652 5.1), whose signatures are not looked at.
func certificatesOfPKCS7(der []byte) (parts [][]byte, err error) {
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"tag:0"`
	}
	var signed struct {
		Version      int
		Digests      asn1.RawValue
		Content      asn1.RawValue
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &outer); err != nil || !outer.Type.Equal(oidSignedData) {
		return nil, errors.New("it is no p7b file: want a PKCS #7 SignedData with certificates, in DER")
	}
	if _, err := asn1.Unmarshal(outer.Content.Bytes, &signed); err != nil {
		return nil, errors.New("its PKCS #7 is broken")
	}
	for rest := signed.Certificates.Bytes; len(rest) > 0; {
		var element asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &element); err != nil {
			return nil, errors.New("its PKCS #7 is broken")
		}
		parts = append(parts, element.FullBytes)
	}
	return parts, nil
}

// parseAuthority reads what a certificate says of itself. It is less strict than crypto/x509 about the rest: the
// certificates of authorities come as they are.
func parseAuthority(der []byte) (AuthorityCertificate, error) {
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	var tbs struct {
		Version   int `asn1:"optional,explicit,default:0,tag:0"`
		Serial    *big.Int
		Algorithm pkix.AlgorithmIdentifier
		Issuer    asn1.RawValue
		Validity  struct{ NotBefore, NotAfter time.Time }
		Subject   asn1.RawValue
		PublicKey asn1.RawValue
	}
	rest, err := asn1.Unmarshal(der, &outer)
	if err == nil && len(rest) == 0 {
		_, err = asn1.Unmarshal(outer.TBS.FullBytes, &tbs)
	}
	if err != nil || len(rest) > 0 {
		return AuthorityCertificate{}, errors.New("it is no X.509 certificate")
	}
	c := AuthorityCertificate{DER: der, Name: tbs.Serial.Text(16), NotAfter: tbs.Validity.NotAfter}
	var subject pkix.RDNSequence
	if _, err := asn1.Unmarshal(tbs.Subject.FullBytes, &subject); err == nil {
		var name pkix.Name
		if name.FillFromRDNSequence(&subject); name.CommonName != "" {
			c.Name = name.CommonName
		}
	}
	return c, nil
}
