package ehealth_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/login/dstutest"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

const keyPassword = "Пароль до ключа, довший за блок 1"

// recorder keeps every request that reached the server.
type recorder struct {
	mu       sync.Mutex
	requests bytes.Buffer
}

func (r *recorder) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		request.Body = io.NopCloser(bytes.NewReader(body))
		r.mu.Lock()
		r.requests.WriteString(request.RequestURI + "\n")
		_ = request.Header.Write(&r.requests)
		r.requests.Write(body)
		r.mu.Unlock()
		next.ServeHTTP(w, request)
	})
}

func (r *recorder) received() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.requests.Bytes())
}

// signatureTest is a doctor with a key, before the signature page of a server whose operator has a signature service.
type signatureTest struct {
	*world
	recorder  *recorder
	authority *dstutest.Authority
	key       *dstutest.Key
	doctor    dstutest.Person
	folder    string
}

func newSignatureTest(t *testing.T, options ...func(*provider.Options)) *signatureTest {
	s := &signatureTest{
		world: newWorld(t, storagetest.Engines()[0], options...), recorder: &recorder{}, authority: dstutest.NewAuthority(),
		key: dstutest.NewKey(), doctor: dstutest.Person{Name: "Коваль Олена Петрівна", TaxID: "3087512347"},
		folder: t.TempDir(),
	}
	s.demand("employee:read", storage.LoginFormSignature, storage.AssuranceSignature)
	s.server.Config.Handler = s.recorder.watch(s.server.Config.Handler)
	s.components.signatures = s.authority.Service(s.clock)
	return s
}

func (s *signatureTest) clock() time.Time { return time.Unix(worldTime, 0) }

func (s *signatureTest) file(name string, content []byte) []string {
	path := filepath.Join(s.folder, name)
	require.NoError(s.t, os.WriteFile(path, content, 0o600))
	return []string{path}
}

func (s *signatureTest) page() chromedp.Action[chromedp.Void] {
	return chromedp.Navigate(s.server.URL + "/sign-in?" + url.Values{
		"client_id": {hospitalID}, "redirect_uri": {redirectURI}, "scope": {"employee:read"},
	}.Encode())
}

// signs fills the form in and submits it.
func (c *chromium) signs(key []string, password string) {
	c.t.Helper()
	c.do(chromedp.WaitVisible("#signing"), chromedp.SetUploadFiles("#signing-key", key),
		setValue("#signing-password", ""), chromedp.SendKeys("#signing-password", password),
		chromedp.Click("#signing-submit"))
}

func setValue(selector, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		script := fmt.Sprintf("document.querySelector(%q).value = %q", selector, value)
		_, err := chromedp.Evaluate[string](script)(ctx, target)
		return err
	})
}

func (c *chromium) problem() string {
	c.t.Helper()
	c.do(chromedp.WaitVisible("#signing-problem"), chromedp.WaitNotVisible("#signing-busy"))
	text, err := chromedp.Run(c.ctx, chromedp.Text("#signing-problem"))
	require.NoError(c.t, err)
	return text
}

func TestDoctorSignsInTheBrowserAndIsSignedIn(t *testing.T) {
	for name, c := range map[string]struct {
		width, height              int
		language, missing, foreign string
	}{
		"phone-uk": {390, 844, "uk", "немає сертифіката", "до іншого ключа"},
		"phone-en": {390, 844, "en", "holds no certificate", "belongs to another key"},
		"desk-uk":  {1280, 800, "uk", "немає сертифіката", "до іншого ключа"},
		"desk-en":  {1280, 800, "en", "holds no certificate", "belongs to another key"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSignatureTest(t)
			b := newChromium(t, "signature-"+name, c.width, c.height, c.language)
			asked := b.watchHosts()
			keyFile := s.key.PBES2([]byte(keyPassword))
			b.do(s.page())
			b.shows("#signing", "empty")
			b.signs(s.file("Key-6.dat", keyFile), keyPassword)
			require.Contains(t, b.problem(), c.missing)
			b.shows("#signing-certificates", "certificate-missing")
			another := s.authority.Certify(dstutest.NewKey(), s.doctor)
			b.do(chromedp.SetUploadFiles("#signing-certificates", s.file("another.cer", another)),
				chromedp.Click("#signing-submit"))
			require.Contains(t, b.problem(), c.foreign)
			b.shows("#signing-problem", "certificate-foreign")
			mine := s.authority.Certify(s.key, s.doctor)
			b.do(chromedp.SetUploadFiles("#signing-certificates", s.file("mine.cer", mine)),
				chromedp.Click("#signing-submit"), chromedp.WaitVisible("#consent-accept"))
			require.Equal(t, "signature", s.session().ACR)

			received := s.recorder.received()
			require.Contains(t, string(received), "sign-in.p7s", "the signed file came by the form of uploads")
			require.True(t, bytes.Contains(received, mine), "with the certificate")
			for secret, content := range map[string][]byte{
				"password": []byte(keyPassword), "key file": keyFile, "private key": s.key.Private(),
			} {
				for form, sent := range map[string]string{
					"plain": string(content), "hex": hex.EncodeToString(content), "query": url.QueryEscape(string(content)),
					"base64": base64.RawStdEncoding.EncodeToString(content),
				} {
					require.NotContains(t, string(received), sent, "%s, %s", secret, form)
				}
			}
			require.Equal(t, []string{strings.TrimPrefix(s.server.URL, "http://")}, asked())
		})
	}
}

// watchHosts returns a function that says which hosts the browser has asked since.
func (c *chromium) watchHosts() func() []string {
	var mu sync.Mutex
	var hosts []string
	require.NoError(c.t, chromedp.Listen(c.ctx, func(event any) {
		sent, ok := event.(*network.EventRequestWillBeSent)
		if !ok {
			return
		}
		address, err := url.Parse(sent.Request.URL)
		if err != nil || address.Scheme == "data" {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, host := range hosts {
			if host == address.Host {
				return
			}
		}
		hosts = append(hosts, address.Host)
	}))
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return hosts
	}
}

func TestSignaturePageOpensEachKindOfKeyFile(t *testing.T) {
	s := newSignatureTest(t)
	certificate := s.authority.Certify(s.key, s.doctor)
	for name, c := range map[string]struct {
		content     []byte
		certificate []byte
	}{
		"IIT.dat":   {s.key.IIT([]byte(keyPassword)), certificate},
		"PBES2.dat": {s.key.PBES2([]byte(keyPassword)), certificate},
		"key.jks":   {s.key.JKS(keyPassword, certificate), nil},
		"key.pfx":   {s.key.PFX(keyPassword, certificate), nil},
		"bare.pfx":  {s.key.PFX(keyPassword), certificate},
	} {
		t.Run(name, func(t *testing.T) {
			b := newChromium(t, name, 1280, 800, "uk")
			b.do(s.page())
			b.signs(s.file(name, c.content), keyPassword)
			if c.certificate != nil {
				require.Contains(t, b.problem(), "немає сертифіката")
				b.do(chromedp.SetUploadFiles("#signing-certificates", s.file("my.cer", c.certificate)),
					chromedp.Click("#signing-submit"))
			}
			b.do(chromedp.WaitVisible("#consent-accept"))
		})
	}
}

func TestSignaturePageSaysWhatIsWrongWithAKey(t *testing.T) {
	s := newSignatureTest(t)
	b := newChromium(t, "signature-problems", 390, 844, "uk")
	b.do(s.page())
	before := len(s.recorder.received())
	jks := s.key.JKS("right password", s.authority.Certify(s.key, s.doctor))
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	expired, agreement := s.doctor, s.doctor
	expired.NotBefore, expired.NotAfter, agreement.Agreement = year(2001), year(2003), true
	for _, c := range []struct {
		name, password string
		content        []byte
		says           string
	}{
		{"wrong.jks", "wrong password", jks, "Пароль не підходить"},
		{"none.jks", "", jks, "Пароль не підходить"},
		{"IIT.dat", "wrong password", s.key.IIT([]byte("right password")), "Пароль не підходить"},
		{"PBES2.dat", "неправильний", s.key.PBES2([]byte("правильний")), "Пароль не підходить"},
		{"photo.dat", "right password", []byte("\xff\xd8\xff\xe0 a picture"), "Це не файл ключа"},
		{"empty.dat", "right password", nil, "Це не файл ключа"},
		{"wrong.pfx", "wrong password", s.key.PFX("right password"), "Пароль не підходить"},
		{"cut.jks", "right password", jks[:100], "Це не файл ключа"},
		{"large.dat", "right password", make([]byte, 1<<20+1), "Це не файл ключа"},
		{"bare.jks", "right password", s.key.JKS("right password"), "немає сертифіката"},
		{"expired.jks", "right password", s.key.JKS("right password", s.authority.Certify(s.key, expired)), "Строк дії"},
		{"agreement.jks", "right password", s.key.JKS("right password", s.authority.Certify(s.key, agreement)),
			"не призначений для підпису"},
	} {
		b.signs(s.file(c.name, c.content), c.password)
		require.Contains(t, b.problem(), c.says, c.name)
	}
	b.do(chromedp.SetUploadFiles("#signing-certificates", s.file("text.cer", []byte("text"))),
		chromedp.Click("#signing-submit"))
	require.Contains(t, b.problem(), "не є сертифікатом")
	b.shows("#signing-problem", "certificate")
	require.Len(t, s.recorder.received(), before, "nothing was sent")
}

func TestAttackSignatureOfAnotherContentOrAuthority(t *testing.T) {
	s := newSignatureTest(t)
	b := newChromium(t, "signature-attacks", 1280, 800, "uk")
	b.do(s.page())
	stranger := dstutest.NewAuthority().Certify(s.key, s.doctor)
	b.signs(s.file("stranger.jks", s.key.JKS("password", stranger)), "password")
	b.shows("#signature-error", "refused")
	mine := s.file("mine.jks", s.key.JKS("password", s.authority.Certify(s.key, s.doctor)))
	b.do(s.page(), chromedp.WaitVisible("#signing"), setValue("#signature-content", `{"service":"x","nonce":"y"}`))
	b.signs(mine, "password")
	b.do(chromedp.WaitVisible("#signature-error"), s.page())
	b.signs(mine, "password")
	b.do(chromedp.WaitVisible("#consent-accept"))
}

func TestSignaturePageWithoutJavaScriptTakesASignedFile(t *testing.T) {
	s := newSignatureTest(t)
	b := newChromium(t, "signature-no-script", 390, 844, "uk")
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), s.page())
	b.shows("#signature-submit", "upload")
	said, err := chromedp.Run(b.ctx, chromedp.Text("noscript"))
	require.NoError(t, err)
	require.Contains(t, said, "вимкнено JavaScript")
	b.do(chromedp.WaitNotVisible("#signing"), chromedp.WaitVisible("#signature"))
	content, err := chromedp.Run(b.ctx, chromedp.Value("#signature-content"))
	require.NoError(t, err)
	signed := s.authority.Sign(s.key, s.doctor, []byte(content))
	b.do(chromedp.SetUploadFiles("#signature", s.file("sign-in.p7s", signed)), chromedp.Click("#signature-submit"))
	// The driver can't look at a page that came by a click while scripts are off.
	require.Eventually(t, func() bool {
		sessions, err := s.store.ListLoginSessions(t.Context(), doctorID)
		return err == nil && len(sessions) == 1 && sessions[0].ACR == "signature"
	}, time.Minute, 50*time.Millisecond)
}
