package login

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"ithildin/provider/identity"
	"ithildin/provider/inbound"
)

const (
	// questionsPerSignIn and questionsPerAddress are how many questions to authorities a sign-in, and all sign-ins of an
	// address, may ask at once; either allowance refills within an hour. A sign-in needs two or three.
	questionsPerSignIn  = 20
	questionsPerAddress = 600
	// questionsAtOnce are forwarded by this process at most.
	questionsAtOnce = 16
	// proxyContext keeps what the script shows the proxy apart from what pages carry.
	proxyContext = "questions to authorities of "
)

var (
	errQuestionLimit = errors.New("login: too many questions to authorities")
	errQuestionsBusy = errors.New("login: too many questions to authorities at once")
)

// proxyAddress is where the page of a sign-in may ask. It holds that the sign-in is under way in this browser, and
// when it began.
func (s *signatureTools) proxyAddress(w http.ResponseWriter, r *http.Request, p Interaction) (string, error) {
	browser, err := s.browser(w, r)
	if err != nil {
		return "", err
	}
	aead, err := s.browserSealer(browser)
	if err != nil {
		return "", err
	}
	sealed, err := sealWith(s.layout.random, aead, fmt.Appendf(nil, "%d %s", p.At, p.Progress.Nonce), proxyContext+browser)
	return s.layout.path + PathSignatureProxy + "/" + sealed, err
}

// signInOf is the nonce of the sign-in that an address of the proxy was made for. Errors: ErrPendingForeign,
// ErrPendingExpired.
func (s *signatureTools) signInOf(r *http.Request) (nonce string, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(chi.URLParam(r, "signIn"))
	browser := s.layout.readToken(r, browserCookie)
	if err != nil || browser == "" {
		return "", ErrPendingForeign
	}
	aead, err := s.browserSealer(browser)
	if err != nil {
		return "", err
	}
	plaintext, err := openWith(aead, raw, proxyContext+browser)
	if err != nil {
		return "", ErrPendingForeign
	}
	var at int64
	if _, err := fmt.Sscanf(string(plaintext), "%d %s", &at, &nonce); err != nil {
		return "", ErrPendingForeign
	}
	if s.layout.now().Sub(time.UnixMicro(at)) > PendingLifetime {
		return "", ErrPendingExpired
	}
	return nonce, nil
}

// forwardQuestion sends a question to the authority at the parameter address, and its answer back.
func (s *signatureTools) forwardQuestion(w http.ResponseWriter, r *http.Request) error {
	nonce, err := s.signInOf(r)
	if err != nil {
		return err
	}
	now, network := s.layout.now(), inbound.Network(s.identity.ClientAddress(r))
	wait := max(s.signIns.Take(nonce, now).Wait, s.addresses.Take(network, now).Wait)
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return errQuestionLimit
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return errQuestionsBusy
	}
	question, err := s.readQuestion(w, r)
	if err != nil {
		return err
	}
	answer, err := s.Services.Ask(r.Context(), question.address, question.mediaType, question.body)
	if err != nil {
		return err
	}
	if question.byLibrary {
		answer.MediaType = libraryMediaType
		answer.Body = base64.StdEncoding.AppendEncode(nil, answer.Body)
	}
	s.writeHeaders(w, contentPolicy{})
	h := w.Header()
	h.Set("Content-Type", answer.MediaType)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	_, _ = w.Write(answer.Body) // a browser that has gone needs no answer
	return nil
}

func (s *signatureTools) readQuestion(w http.ResponseWriter, r *http.Request) (authorityQuestion, error) {
	maximum, byLibrary := identity.MaximumAuthorityQuestion, len(s.Library) > 0 && isOfLibrary(r)
	if byLibrary {
		maximum = base64.StdEncoding.EncodedLen(maximum)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(maximum)))
	address := r.URL.Query().Get("address")
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return authorityQuestion{}, errFormTooLarge
	case err != nil:
		return authorityQuestion{}, errors.Join(errMalformedForm, err)
	case byLibrary:
		return decodeLibraryQuestion(address, body)
	}
	return authorityQuestion{address: address, mediaType: r.Header.Get("Content-Type"), body: body}, nil
}
