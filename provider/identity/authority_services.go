package identity

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"ithildin/provider/outbound"
)

var (
	// ErrAuthorityService says that a service may not be asked: it is at no host that the operator named.
	ErrAuthorityService = errors.New("identity: no service of an authority that may be asked")
	// ErrAuthorityQuestion says that a question is of none of the kinds that authorities are asked.
	ErrAuthorityQuestion = errors.New("identity: no question to an authority")
	// ErrAuthorityAway says that a service did not answer, or not with an answer to the question.
	ErrAuthorityAway = errors.New("identity: the service of the authority does not answer")
)

const (
	// MaximumAuthorityQuestion bounds a question, in bytes.
	MaximumAuthorityQuestion = 8 << 10
	// maximumAuthorityAnswer bounds an answer, in bytes. Each has certificates.
	maximumAuthorityAnswer = 256 << 10
)

// authorityQuestion is a kind of question, by the media type of its request.
type authorityQuestion struct {
	purpose string // for the metric
	answers []string
}

// authorityQuestions are the kinds that are forwarded: OCSP (RFC 6960 A), time stamps (RFC 3161 3.4) and CMP (RFC 6712
// 3.3), whose answers in the form of IIT have no media type of their own.
var authorityQuestions = map[string]authorityQuestion{
	"application/ocsp-request":    {PurposeCertificateStatus, []string{"application/ocsp-response"}},
	"application/timestamp-query": {PurposeTimeStamp, []string{"application/timestamp-reply"}},
	"application/pkixcmp": {
		PurposeCertificateSearch, []string{"application/pkixcmp", "application/octet-stream"},
	},
}

// The purposes of questions to authorities, for metrics.
const (
	PurposeCertificateStatus = "certificate_status"
	PurposeTimeStamp         = "time_stamp"
	PurposeCertificateSearch = "certificate_search"
)

// AuthorityServices are the services of authorities that the signature page may ask, at hosts that the operator named.
// It is safe for concurrent use.
type AuthorityServices struct {
	// Client may reach http URLs: the answers are signed, and authorities publish such addresses.
	Client *outbound.Client
	// Hosts are names in lower case, or addresses; with a port that port alone, without one 80 (http) and 443 (https).
	Hosts []string
	// Finders are the URLs of CMP services that find the certificate of a key.
	Finders []string
	// Count is told of each question that was sent, when, and of its error; nil: nobody is.
	Count func(purpose string, began time.Time, err error)
}

// AuthorityAnswer is what a service answered.
type AuthorityAnswer struct {
	MediaType string
	Body      []byte
}

// Ask sends a question to the address of a service by POST and follows no redirect. Errors: ErrAuthorityService,
// ErrAuthorityQuestion, ErrAuthorityAway.
func (s *AuthorityServices) Ask(
	ctx context.Context, address, mediaType string, question []byte,
) (*AuthorityAnswer, error) {
	kind, known := authorityQuestions[mediaType]
	if !known || len(question) == 0 || len(question) > MaximumAuthorityQuestion {
		return nil, ErrAuthorityQuestion
	}
	if !s.Allows(address) {
		return nil, ErrAuthorityService
	}
	began := time.Now()
	document, err := s.Client.Post(ctx, address, outbound.Message{MediaType: mediaType, Body: question},
		maximumAuthorityAnswer)
	answered := ""
	if err == nil {
		answered, _, _ = mime.ParseMediaType(document.Header.Get("Content-Type")) // "" is none of them
		if !slices.Contains(kind.answers, answered) {
			err = errors.New("the answer has another media type")
		}
	}
	if s.Count != nil {
		s.Count(kind.purpose, began, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuthorityAway, err)
	}
	return &AuthorityAnswer{MediaType: answered, Body: document.Body}, nil
}

// Allows says whether an address is at a host that the operator named.
func (s *AuthorityServices) Allows(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	port := u.Port()
	if port == "" || port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		if slices.Contains(s.Hosts, host) {
			return true
		}
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return slices.Contains(s.Hosts, net.JoinHostPort(host, port))
}
