package ehealth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider"
	"ithildin/provider/login"
)

// newLibraryTest is an authorityTest whose operator serves a stand-in for the library of IIT. It signs nothing; the
// signature service believes it, and keeps what the library was called with.
func newLibraryTest(t *testing.T, online bool) (*authorityTest, *atomic.Pointer[[]string]) {
	standIn, err := os.ReadFile("testdata/signature_library.js")
	require.NoError(t, err)
	calls := &atomic.Pointer[[]string]{}
	a := newAuthorityTest(t, func(o *provider.Options, service string) {
		script := strings.NewReplacer("SERVICE", service, "QUESTION", base64.StdEncoding.EncodeToString([]byte(findMe()))).
			Replace(string(standIn))
		o.Signing.Library = []login.LibraryScript{
			{Name: "euscpt.js", Content: []byte("const first = true;")}, {Name: "euscp.js", Content: []byte(script)},
		}
		if !online {
			o.Signing.Services, o.Signing.Authorities = nil, nil
		}
	})
	a.components.signatures = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var question struct {
			Signed []byte `json:"signed_content"`
		}
		_ = json.NewDecoder(r.Body).Decode(&question)
		var signed struct {
			Content string   `json:"content"`
			Calls   []string `json:"calls"`
		}
		_ = json.Unmarshal(question.Signed, &signed)
		calls.Store(&signed.Calls)
		_ = json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
			"content":    json.RawMessage(signed.Content),
			"signatures": []any{map[string]any{"is_valid": true, "signer": map[string]string{"drfo": a.doctor.TaxID}}},
		}})
	})
	return a, calls
}

func TestSignaturePageSignsWithTheLibraryThatTheOperatorConfigured(t *testing.T) {
	for language, says := range map[string]string{
		"uk": "Програма підпису повідомила: Пароль невірний", "en": "The signing program says: Пароль невірний",
	} {
		t.Run(language, func(t *testing.T) {
			a, calls := newLibraryTest(t, true)
			b := newChromium(t, "signature-library-"+language, 390, 844, language)
			hosts := b.watchHosts()
			b.do(a.page())
			b.signs(a.file("Key-6.dat", []byte("any key file")), "wrong")
			require.Contains(t, b.problem(), says)
			b.shows("#signing-problem", "wrong-password")
			b.do(chromedp.SetUploadFiles("#signing-certificates", a.file("mine.cer", []byte("my certificate"))))
			b.signs(a.file("Key-6.dat", []byte("any key file")), "password")
			b.do(chromedp.WaitVisible("#consent-accept"))
			require.Equal(t, "signature", a.session().ACR)
			found := *calls.Load()
			begin := 0
			for i, call := range found {
				if call == "SetJavaStringCompliant true" {
					begin = i // of the second attempt
				}
			}
			require.Equal(t, "Initialize", found[0], "once")
			require.NotContains(t, found[1:], "Initialize")
			authorities := a.authority.Certificates()
			answer := found[len(found)-2]
			require.Regexp(t, `^answer 200 x-user/base64-data [0-9]+$`, answer)
			require.Equal(t, []string{
				"SetJavaStringCompliant true", "SetCharset UTF-8", "SetXMLHTTPProxyService",
				"SetPath ", "SetSaveLoadedCerts true", "SetFileStoreSettings", "SetOfflineMode false", "SetModeSettings",
				"SetProxySettings", "SetLDAPSettings", "SetGetStamps true", "SetTSPSettings", "SetUseOCSP true",
				"SetBeforeStore true", "SetOCSPSettings", "SetEnabled true", "SetOCSPAccessInfoModeSettings", "SetUseCMP true",
				"SetAddress 127.0.0.1/cmp", "SetPort " + a.port(), "SetCMPSettings",
				saveCertificate(authorities[0]), saveCertificate(authorities[1]), saveCertificate([]byte("my certificate")),
				"ReadPrivateKeyBinary 12", answer, "SignDataInternal true false",
			}, found[begin:])
			require.Equal(t, []string{"cmp application/pkixcmp"}, a.asked())
			require.Len(t, hosts(), 1)
		})
	}
}

func (a *authorityTest) port() string {
	address, err := url.Parse(a.server.URL)
	a.must(err)
	return address.Port()
}

func saveCertificate(der []byte) string { return fmt.Sprintf("SaveCertificate %d", len(der)) }

func TestLibraryAsksNobodyWhereNoHostIsListed(t *testing.T) {
	a, calls := newLibraryTest(t, false)
	b := newChromium(t, "signature-library-offline", 1280, 800, "uk")
	b.do(a.page())
	b.signs(a.file("Key-6.dat", []byte("any key file")), "password")
	b.do(chromedp.WaitVisible("#consent-accept"))
	require.Subset(t, *calls.Load(),
		[]string{"SetOfflineMode true", "SetGetStamps false", "SetUseOCSP false", "SetUseCMP false"})
	require.NotContains(t, *calls.Load(), "SetXMLHTTPProxyService")
	require.Empty(t, a.asked())
}

func TestProxyTakesQuestionsOfTheLibraryWhereThereIsOne(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte(findMe()))
	a, _ := newLibraryTest(t, true)
	v := a.newVisitor()
	service := strings.TrimPrefix(a.server.URL, "http://")
	right := question{http.MethodPost, service + "/cmp", "X-user/base64-data; charset=UTF-8", encoded, nil}
	status, header, body := v.asks(right)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "x-user/base64-data", header.Get("Content-Type"))
	answer, err := base64.StdEncoding.DecodeString(body)
	require.NoError(t, err)
	require.NotEmpty(t, answer)
	before := len(a.services.Asked())
	for name, c := range map[string]struct {
		change func(*question)
		status int
	}{
		"no service in the path": {func(q *question) { q.address = service + "/files" }, 415},
		"another host":           {func(q *question) { q.address = "ca.example/cmp" }, 403},
		"no base64":              {func(q *question) { q.body = "?" }, 415},
		"a large question":       {func(q *question) { q.body = strings.Repeat("A", 12<<10) }, 413},
	} {
		changed := right
		c.change(&changed)
		status, _, _ := v.asks(changed)
		require.Equal(t, c.status, status, name)
	}
	require.Len(t, a.services.Asked(), before)
	status, _, _ = newAuthorityTest(t).newVisitor().asks(right)
	require.Equal(t, http.StatusUnsupportedMediaType, status, "without a library nobody speaks base64")
}
