package provider

import (
	"context"
	"errors"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/invitation"
	"ithildin/provider/login"
)

// The purposes of calls to other services, as ithildin_outbound_calls_total names them.
const (
	PurposeABAC            = "abac"
	PurposeVerification    = "phone_verification"
	purposeSMS             = "sms"
	purposeCaptcha         = "captcha"
	purposeSignature       = "signature"
	purposePersons         = "persons"
	purposeClientKeys      = "client_keys"
	purposeRequestObject   = "request_object"
	purposeSector          = "sector_identifier"
	purposeClientDocument  = "client_document"
	purposeBackchannelCall = "backchannel_logout"
	purposeEmployeeRequest = "employee_requests"
)

// The outcomes of such calls.
const (
	outboundAnswered = "answered"
	outboundRefused  = "refused" // the other side understood and said no
	outboundFailed   = "failed"  // no answer, or none that is of use
)

var (
	outboundPurposes = []string{
		PurposeABAC, PurposeVerification, purposeSMS, purposeCaptcha, purposeSignature, purposePersons, purposeClientKeys,
		purposeRequestObject, purposeSector, purposeClientDocument, purposeBackchannelCall,
		purposeEmployeeRequest,
		identity.PurposeCertificateStatus, identity.PurposeTimeStamp, identity.PurposeCertificateSearch,
	}
	outboundOutcomes = []string{outboundAnswered, outboundRefused, outboundFailed}
)

// CountOutboundCall counts a call to another service by its purpose, one of the Purpose constants, by how long it took,
// and by the error that it ended with; nil: it was answered.
func (p *Provider) CountOutboundCall(purpose string, began time.Time, err error) {
	p.metrics.called(purpose)(began, err)
}

// called counts the calls of a purpose.
func (m *metrics) called(purpose string) func(began time.Time, err error) {
	return func(began time.Time, err error) {
		m.outboundSeconds.WithLabelValues(purpose).Observe(time.Since(began).Seconds())
		m.outbound.WithLabelValues(purpose, outboundOutcome(err)).Inc()
	}
}

// outboundOutcome is what the error of a call means.
func outboundOutcome(err error) string {
	var captcha *identity.CaptchaError
	var signature *identity.SignatureServiceError
	var limit *identity.VerificationLimitError
	switch {
	case err == nil:
		return outboundAnswered
	case errors.As(err, &captcha), errors.As(err, &signature), errors.As(err, &limit),
		errors.Is(err, identity.ErrPersonUnknown), errors.Is(err, invitation.ErrUnknown),
		errors.Is(err, invitation.ErrOver), errors.Is(err, invitation.ErrRefused):
		return outboundRefused
	}
	return outboundFailed
}

// countQuestions makes the services of authorities count what they are asked.
func (p *Provider) countQuestions(s login.Signing) login.Signing {
	if s.Services != nil {
		counting := *s.Services
		counting.Count = p.CountOutboundCall
		s.Services = &counting
	}
	return s
}

// countCalls makes the components count their calls. What is nil stays nil.
func countCalls(c identity.Components, count func(purpose string, began time.Time, err error)) identity.Components {
	if c.SMS != nil {
		c.SMS = countedSMS{count, c.SMS}
	}
	if c.Captcha != nil {
		c.Captcha = countedCaptcha{count, c.Captcha}
	}
	if c.Signatures != nil {
		c.Signatures = countedSignatures{count, c.Signatures}
	}
	if c.Persons != nil {
		c.Persons = countedPersons{count, c.Persons}
	}
	return c
}

type countedSMS struct {
	count func(purpose string, began time.Time, err error)
	next  identity.SMSSender
}

// Send implements identity.SMSSender.
func (c countedSMS) Send(ctx context.Context, phone, message string) error {
	began := time.Now()
	err := c.next.Send(ctx, phone, message)
	c.count(purposeSMS, began, err)
	return err
}

type countedCaptcha struct {
	count func(purpose string, began time.Time, err error)
	next  identity.CaptchaVerifier
}

// Verify implements identity.CaptchaVerifier.
func (c countedCaptcha) Verify(ctx context.Context, a identity.CaptchaAnswer) error {
	began := time.Now()
	err := c.next.Verify(ctx, a)
	c.count(purposeCaptcha, began, err)
	return err
}

type countedSignatures struct {
	count func(purpose string, began time.Time, err error)
	next  identity.SignatureVerifier
}

// Verify implements identity.SignatureVerifier.
func (c countedSignatures) Verify(ctx context.Context, content string) (*identity.SignedContent, error) {
	began := time.Now()
	signed, err := c.next.Verify(ctx, content)
	c.count(purposeSignature, began, err)
	return signed, err
}

type countedPersons struct {
	count func(purpose string, began time.Time, err error)
	next  identity.PersonFinder
}

// FindPerson implements identity.PersonFinder.
func (c countedPersons) FindPerson(ctx context.Context, personID string) (string, error) {
	began := time.Now()
	taxID, err := c.next.FindPerson(ctx, personID)
	c.count(purposePersons, began, err)
	return taxID, err
}
