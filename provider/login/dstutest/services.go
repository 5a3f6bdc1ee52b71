package dstutest

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"
)

var (
	oidBasicResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidExtendedUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidStampsTime    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidSignsStatus   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	oidTimeStamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidStampOfSigner = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
)

// Services are the services of an authority, over HTTP: the status of certificates at /ocsp (RFC 6960), time stamps at
// /tsp (RFC 3161) and the certificates of a key at /cmp (in the form of IIT). They keep what they were asked.
type Services struct {
	authority *Authority
	now       func() time.Time
	mu        sync.Mutex
	revoked   bool
	forged    bool
	known     map[[32]byte][]byte
	asked     []Question
}

// Question is a request that a service got.
type Question struct {
	Path, MediaType string
	Header          http.Header
}

// NewServices makes the services of an authority.
func (a *Authority) NewServices(now func() time.Time) *Services {
	return &Services{authority: a, now: now, known: map[[32]byte][]byte{}}
}

// Revoke lets every certificate be revoked. Forge lets the answers about them be signed by somebody else.
func (s *Services) Revoke(revoked bool) { s.set(func() { s.revoked = revoked }) }

// Forge lets answers be signed by a key that the authority did not certify.
func (s *Services) Forge(forged bool) { s.set(func() { s.forged = forged }) }

// Publish lets a certificate be found by its key.
func (s *Services) Publish(k *Key, certificate []byte) {
	s.set(func() { s.known[[32]byte(k.id())] = certificate })
}

func (s *Services) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Asked are the requests so far.
func (s *Services) Asked() (asked []Question) {
	s.set(func() { asked = append(asked, s.asked...) })
	return asked
}

// ServeHTTP implements http.Handler.
func (s *Services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.set(func() {
		s.asked = append(s.asked, Question{r.URL.Path, r.Header.Get("Content-Type"), r.Header.Clone()})
	})
	body, err := io.ReadAll(r.Body)
	var answer []byte
	mediaType := ""
	if err == nil {
		switch r.URL.Path {
		case "/ocsp":
			mediaType = "application/ocsp-response"
			answer, err = s.status(body)
		case "/tsp":
			mediaType = "application/timestamp-reply"
			answer, err = s.stamp(body)
		case "/cmp":
			mediaType = "application/octet-stream"
			answer, err = s.find(body)
		default:
			err = errors.New("dstutest: no such service")
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	_, _ = w.Write(answer)
}

// signer is a key of the service itself, with a certificate of the authority for one purpose.
func (s *Services) signer(purpose asn1.ObjectIdentifier) (*Key, []byte) {
	issuer := s.authority
	s.set(func() {
		if s.forged {
			issuer = &Authority{key: NewKey(), name: s.authority.name}
		}
	})
	key := NewKey()
	return key, issuer.issue(key, Person{Name: "Тестова служба надавача"}, extension(oidKeyUsage, usageBits(0)),
		extension(oidExtendedUsage, []asn1.ObjectIdentifier{purpose}))
}

type singleResponse struct {
	Certificate, Status asn1.RawValue
	ThisUpdate          time.Time `asn1:"generalized"`
}

// status answers about the one certificate of a request, with its nonce.
func (s *Services) status(request []byte) ([]byte, error) {
	var question struct {
		TBS struct {
			List       []struct{ Certificate asn1.RawValue }
			Extensions []pkix.Extension `asn1:"optional,explicit,tag:2"`
		}
	}
	if err := decode(request, &question); err != nil || len(question.TBS.List) != 1 {
		return nil, errors.New("dstutest: want a question about one certificate")
	}
	status := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0}
	s.set(func() {
		if s.revoked {
			when, _ := asn1.MarshalWithParams(s.now().UTC(), "generalized") // has a form
			status = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: when}
		}
	})
	key, certificate := s.signer(oidSignsStatus)
	data := encode(struct {
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []singleResponse
		Extensions []pkix.Extension `asn1:"explicit,tag:1"`
	}{
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: encode(key.id())},
		s.now().UTC(),
		[]singleResponse{{question.TBS.List[0].Certificate, status, s.now().UTC()}},
		question.TBS.Extensions,
	})
	basic := encode(struct {
		Data         asn1.RawValue
		Algorithm    pkix.AlgorithmIdentifier
		Signature    asn1.BitString
		Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
	}{
		asn1.RawValue{FullBytes: data}, pkix.AlgorithmIdentifier{Algorithm: oidSignature},
		bitString(encode(curve257.sign(key.private, Hash(data)))), []asn1.RawValue{{FullBytes: certificate}},
	})
	type responseBytes struct {
		Type     asn1.ObjectIdentifier
		Response []byte
	}
	return encode(struct {
		Status asn1.Enumerated
		Bytes  responseBytes `asn1:"explicit,tag:0"`
	}{0, responseBytes{oidBasicResponse, basic}}), nil
}

type messageImprint struct {
	Algorithm pkix.AlgorithmIdentifier
	Hash      []byte
}

type timeStampInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint messageImprint
	Serial  *big.Int
	Time    time.Time `asn1:"generalized"`
}

func (s *Services) stamp(request []byte) ([]byte, error) {
	var question struct {
		Version int
		Imprint messageImprint
	}
	if err := decode(request, &question); err != nil || !question.Imprint.Algorithm.Algorithm.Equal(oidHash) {
		return nil, errors.New("dstutest: want a question for a time stamp")
	}
	key, certificate := s.signer(oidStampsTime)
	imprint := question.Imprint
	s.set(func() {
		if s.forged {
			imprint.Hash = Hash([]byte("something else"))
		}
	})
	token := signWith(key, certificate, oidTimeStamp, encode(timeStampInfo{
		1, asn1.ObjectIdentifier{1, 2, 804, 2, 1, 1, 1, 2, 3, 1}, imprint, big.NewInt(1), s.now().UTC(),
	}))
	return encode(struct {
		Status struct{ Status int }
		Token  asn1.RawValue
	}{Token: asn1.RawValue{FullBytes: token}}), nil
}

// find answers with the certificates of the two keys of a question, which are at 12 and 44 of its 120 bytes.
func (s *Services) find(request []byte) ([]byte, error) {
	question, err := dataOf(request)
	if err != nil || len(question) != 120 {
		return nil, errors.New("dstutest: want 120 bytes of data")
	}
	var found [][]byte
	s.set(func() {
		for _, at := range []int{12, 44} {
			if certificate := s.known[[32]byte(question[at:at+32])]; certificate != nil {
				found = append(found, certificate)
			}
		}
	})
	answer := binary.LittleEndian.AppendUint32(nil, 13)
	if len(found) == 0 {
		return encodeData(binary.LittleEndian.AppendUint32(answer, 2)), nil
	}
	return encodeData(append(binary.LittleEndian.AppendUint32(answer, 1), Bundle(found...)...)), nil
}

// encodeData is a ContentInfo of data; dataOf is what is in it.
func encodeData(content []byte) []byte {
	return encode(contentInfo{oidData, asn1.RawValue{
		Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: encode(content),
	}})
}

func dataOf(der []byte) (content []byte, err error) {
	var outer contentInfo
	if err := decode(der, &outer); err != nil || !outer.Type.Equal(oidData) {
		return nil, errors.New("dstutest: no data")
	}
	return content, decode(outer.Content.Bytes, &content)
}

// TimeStamp is the time of the time stamp over the signature in a SignedData, which an authority gave whose certificate
// for that is of this authority. It says nothing about the signature.
func (a *Authority) TimeStamp(cms []byte, now time.Time) (time.Time, error) {
	var outer contentInfo
	var data signedData
	if err := errors.Join(decode(cms, &outer), decode(outer.Content.Bytes, &data)); err != nil || len(data.Signers) != 1 {
		return time.Time{}, errors.New("dstutest: not one signature")
	}
	unsigned := bytes.Clone(data.Signers[0].UnsignedAttributes.FullBytes)
	if len(unsigned) == 0 {
		return time.Time{}, errors.New("dstutest: there is no time stamp")
	}
	unsigned[0] = 0x31
	var attributes []attribute
	if rest, err := asn1.UnmarshalWithParams(unsigned, &attributes, "set"); err != nil || len(rest) > 0 ||
		len(attributes) != 1 || !attributes[0].Type.Equal(oidStampOfSigner) || len(attributes[0].Values) != 1 {
		return time.Time{}, errors.New("dstutest: not one time stamp")
	}
	content, _, err := a.open(attributes[0].Values[0].FullBytes, oidTimeStamp, now)
	if err != nil {
		return time.Time{}, err
	}
	var info timeStampInfo
	if err := decode(content, &info); err != nil {
		return time.Time{}, err
	}
	if !bytes.Equal(info.Imprint.Hash, Hash(data.Signers[0].Signature)) {
		return time.Time{}, errors.New("dstutest: the time stamp is of another signature")
	}
	return info.Time, nil
}
