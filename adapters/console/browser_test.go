package console_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
	"ithildin/storage/storagetest/requirement"
)

const (
	sticksOut = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
	// foundByAxe is what axe-core finds on the page, as JSON.
	foundByAxe = `axe.run().then(({violations}) => JSON.stringify(violations.map(
	({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, failureSummary}) => [html, failureSummary])}))))`
	// largestPage is the budget of a page, in bytes.
	largestPage = 60 << 10
)

// newChromium starts a browser with a profile of its own.
func newChromium(t *testing.T) context.Context {
	path := requirement.Chromium.Get(t)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(cancelAllocator)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(browser))
	return browser
}

// walk goes through the pages with one tab and examines each.
type walk struct {
	t     *testing.T
	tab   context.Context
	axe   string // the script; "" to leave it out
	name  string // of the tab's size and language, for screenshots
	stack *stack
	mutex sync.Mutex
	// foreign are requests to other hosts than the console and the provider, and heavy are answers over the budget.
	foreign, heavy []string
}

// newWalk opens a tab of that size and language, which shares no cookie with the others of the browser.
func newWalk(t *testing.T, s *stack, browser context.Context, width, height int64, language string) *walk {
	tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab, cancelTimeout := context.WithTimeout(tab, 5*time.Minute)
	t.Cleanup(cancelTimeout)
	w := &walk{t: t, stack: s, tab: tab, name: fmt.Sprintf("console-%d-%s", width, language)}
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(width, height)))
	_, err := chromedp.Call(tab, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": language},
	})
	require.NoError(t, err)
	require.NoError(t, chromedp.Listen(tab, w.hear))
	return w
}

// hear notes what the tab asks for and what it gets.
func (w *walk) hear(event any) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		at := e.Request.URL
		if !strings.HasPrefix(at, w.stack.admin+"/") && !strings.HasPrefix(at, w.stack.issuer+"/") &&
			!strings.HasPrefix(at, "data:") {
			w.foreign = append(w.foreign, at)
		}
	case *network.EventLoadingFinished:
		if e.EncodedDataLength > largestPage {
			w.heavy = append(w.heavy, fmt.Sprintf("%s: %.0f bytes", e.RequestID, e.EncodedDataLength))
		}
	}
}

// asksNobodyElse holds the walk to the hosts of the console and the provider, and every answer to the budget of a page.
func (w *walk) asksNobodyElse() {
	w.t.Helper()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	require.Empty(w.t, w.foreign)
	require.Empty(w.t, w.heavy)
}

func look[T any](w *walk, what chromedp.Action[T]) T {
	w.t.Helper()
	seen, err := chromedp.Run(w.tab, what)
	require.NoError(w.t, err)
	return seen
}

// steps takes steps without a look at where they lead.
func (w *walk) steps(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.tab, steps...))
}

// do takes steps to a page and examines it: its size, that nothing sticks out at the side, and what axe-core finds.
func (w *walk) do(page string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	within, cancel := context.WithTimeout(w.tab, time.Minute)
	defer cancel()
	if err := chromedp.Do(within, steps...); err != nil {
		w.t.Fatalf("%s: %v at %s", page, err, look(w, chromedp.Location()))
	}
	require.False(w.t, look(w, chromedp.Evaluate[bool](sticksOut)), "%s: sticks out at the side", page)
	html := look(w, chromedp.OuterHTML("html"))
	require.Less(w.t, len(html), largestPage, page)
	require.NotContains(w.t, html, "⟦", page)
	if directory := os.Getenv("ITHILDIN_TEST_SCREENSHOTS"); directory != "" {
		image := look(w, chromedp.FullScreenshot(100))
		require.NoError(w.t, os.WriteFile(filepath.Join(directory, w.name+"-"+page+".png"), image, 0o600))
	}
	if w.axe == "" {
		return
	}
	look(w, chromedp.Evaluate[bool](w.axe+"; true"))
	require.JSONEq(w.t, `[]`, look(w, chromedp.Evaluate[string](foundByAxe, chromedp.EvalAwaitPromise)), page)
}

// open goes to a page of the console by its address.
func (w *walk) open(page, path string) {
	w.t.Helper()
	w.do(page, chromedp.Navigate(w.stack.admin+"/console/"+path), chromedp.WaitVisible("main h1"))
}

// signIn goes from the first page of the console through those of the provider to the home page.
func (w *walk) signIn(email string) {
	w.t.Helper()
	w.do("sign-in", chromedp.Navigate(w.stack.admin+"/console/"), chromedp.WaitVisible("#submit"))
	w.steps(chromedp.Click("#submit"), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys("[name=username]", email), chromedp.SendKeys("[name=password]", password+"\r"),
		chromedp.WaitVisible("#code-submit"))
	w.steps(chromedp.SendKeys("[name=code]", w.stack.phones.code(phone)+"\r"))
	w.steps(chromedp.WaitVisible("#consent-accept, #sign-out"))
	if strings.Contains(look(w, chromedp.Location()), "/login/consent") {
		w.steps(chromedp.Click("#consent-accept"))
	}
	// The console is on another site than the provider: the session is there nevertheless.
	w.do("home", chromedp.WaitVisible("#sign-out"))
	require.Contains(w.t, look(w, chromedp.Text("footer")), email)
}

// readAxe reads the script of axe-core.
func readAxe(t *testing.T) string {
	script, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(script)
}

// world is what the pages have to show.
type world struct {
	admin, doctor storage.User
	factorID      string
	role          storage.Role
	client        *storage.Client
}

func newWorld(t *testing.T, s *stack) world {
	o := world{}
	o.admin, _ = s.operator("admin@example.com", operator.Rights()...)
	o.doctor = s.person("olena.koval@clinic.example", true)
	factors, err := s.store.ListAuthenticationFactors(t.Context(), o.doctor.ID)
	require.NoError(t, err)
	o.factorID = factors[0].ID
	o.client = storagetest.Client(t, s.store, storage.PresetStandard, storagetest.Opaque)
	o.role = storage.Role{ID: s.store.NewID(), Name: "ЛІКАР", Scope: []string{"patients:view", "patients:create"}}
	require.NoError(t, s.store.CreateRole(t.Context(), o.role))
	require.NoError(t, s.store.GrantRole(t.Context(), o.doctor.ID, o.role.ID, o.client.ID))
	storagetest.LoginSession(t, s.store, o.doctor, func(l *storage.LoginSession) {
		l.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
		l.Address, l.ACR = "192.0.2.7", storage.AssuranceOneTimeCode
	})
	storagetest.AccessToken(t, s.store, storagetest.Grant(t, s.store, o.client, o.doctor))
	require.NoError(t, s.store.Approve(t.Context(), storage.Approval{
		ID: s.store.NewID(), UserID: o.doctor.ID, ClientID: o.client.ID, Scope: []string{"openid", "patients:view"},
		CreatedAt: s.clock.Now(), UpdatedAt: s.clock.Now(),
	}))
	for n := range 60 {
		storagetest.User(t, s.store, func(u *storage.User) { u.Email = fmt.Sprintf("person-%02d@clinic.example", n) })
	}
	return o
}

// TestPagesOfTheConsoleBreakNoRuleOfAccessibility walks through every page, at the size of a phone and of a desk and in
// both languages: axe-core (WCAG 2.2 A and AA, and its best practices) finds nothing, no page is larger than its
// budget, and none asks another host for anything.
func TestPagesOfTheConsoleBreakNoRuleOfAccessibility(t *testing.T) {
	axe := readAxe(t)
	chromium := newChromium(t)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		o := newWorld(t, s)
		for _, size := range [][2]int64{{390, 844}, {1280, 800}} {
			language := languageAt(engine, size[0])
			t.Run(fmt.Sprintf("%d pixels in %s", size[0], language), func(t *testing.T) {
				w := newWalk(t, s, chromium, size[0], size[1], language)
				w.axe = axe
				w.signIn(o.admin.Email)
				for _, page := range o.pages() {
					w.open(page[0], page[1])
				}
				w.open("new-web", "new-client/web")
				w.do("new-web-wrong", chromedp.SendKeys("#field-name", "Клініка"), chromedp.SendKeys("#field-reason", "угода 7"),
					chromedp.SendKeys("#field-redirect_uris", "http://clinic.example/"), chromedp.Click("#do"),
					chromedp.WaitVisible("#problem"))
				w.do("new-web-done", chromedp.Clear("#field-redirect_uris"),
					chromedp.SendKeys("#field-redirect_uris", "https://clinic.example/cb"), chromedp.Click("#do"),
					chromedp.WaitVisible("#secret"))
				w.look("dark")
				w.open("people-dark", "people")
				w.open("person-dark", "people/"+o.doctor.ID)
				w.open("block-dark", "people/"+o.doctor.ID+"/block")
				w.asksNobodyElse()
			})
		}
	})
}

// languageAt is the other one on the other engine, so that each size is seen in both languages.
func languageAt(engine storagetest.Engine, width int64) string {
	if (engine.Name == "SQLite") == (width < 1000) {
		return "uk"
	}
	return "en"
}

// pages are those that need no more than their address, by the names of their screenshots.
func (o world) pages() [][2]string {
	person, client := "people/"+o.doctor.ID, "clients/"+o.client.ID
	connection := client + "/connections/" + o.client.Connections[0].ID
	return [][2]string{
		{"people", "people"}, {"people-filtered", "people?email=koval&state=active&factor=yes"},
		{"people-none", "people?email=nobody"}, {"person", person}, {"block", person + "/block"},
		{"unblock-refused", person + "/unblock"}, {"end-sessions", person + "/end-sessions"},
		{"end-tokens", person + "/end-tokens"}, {"reset-link-refused", person + "/send-reset-link"},
		{"edit-person", person + "/edit-person"}, {"delete-person-refused", person + "/delete-person"},
		{"new-person", "new-person"}, {"bulk-block", "bulk-block"}, {"invitations", "invitations"},
		{"invite-refused", "invite"},
		{"reset-factor", person + "/factors/" + o.factorID + "/reset-factor"},
		{"give-role", person + "/roles/give-role"},
		{"take-role", person + "/roles/" + o.role.ID + "/take-role?client=" + o.client.ID},
		{"clients", "clients"}, {"clients-filtered", "clients?name=Клін&state=active"}, {"client", client},
		{"client-own", "clients/ithildin-console"}, {"block-client", client + "/block-client"},
		{"edit-client", client + "/edit-client"}, {"change-policy", client + "/change-policy"},
		{"delete-client-refused", client + "/delete-client"}, {"client-settings", client + "/settings"},
		{"trial", client + "/trial"},
		{"unblock-client-refused", client + "/unblock-client"}, {"end-client-tokens", client + "/end-client-tokens"},
		{"redirect-uris", connection + "/redirect-uris"}, {"new-secret", connection + "/new-secret"},
		{"end-secret-refused", connection + "/secrets/" + o.client.Connections[0].Secrets[0].ID + "/end-secret"},
		{"audit", "audit"}, {"audit-filtered", "audit?kind=console_signed_in&since=2026-01-01"},
		{"roles", "roles"}, {"role", "roles/" + o.role.ID}, {"change-role", "roles/" + o.role.ID + "/change-roles"},
		{"delete-role", "roles/" + o.role.ID + "/delete-roles"}, {"create-role", "create-roles"},
		{"client-types", "client-types"}, {"create-client-type", "create-client-types"}, {"scopes", "scopes"},
		{"try", "try"}, {"try-answer", "try?person=olena.koval@clinic.example&client=" + o.client.ID +
			"&scope=patients:view+patients:create+openid"},
		{"health", "health"}, {"rotate-keys", "health/rotate-keys"},
		{"new-client", "new-client"}, {"new-mis", "new-client/mis"}, {"new-machine", "new-client/machine"},
		{"nothing", "nothing"}, {"nobody", "people/" + o.client.ID}, {"sign-in-again", "sign-in?again"},
	}
}

// look chooses a theme.
func (w *walk) look(theme string) {
	w.t.Helper()
	w.steps(chromedp.Navigate(w.stack.admin+"/console/"),
		chromedp.Click(`[name=theme][value=`+theme+`]`), chromedp.WaitVisible(`html[data-theme=`+theme+`]`))
}

// TestAnOperatorHelpsAPersonWithABrowser finds a person by the search box, blocks and unblocks them, with the keyboard
// alone.
func TestAnOperatorHelpsAPersonWithABrowser(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	o := newWorld(t, s)
	w := newWalk(t, s, newChromium(t), 1280, 800, "uk")
	w.signIn(o.admin.Email)
	w.steps(chromedp.Focus("#q"), chromedp.KeyEvent("koval\r"), chromedp.WaitVisible("#factors"))
	require.Contains(t, look(w, chromedp.Text("main")), "olena.koval@clinic.example")
	w.steps(chromedp.Focus(`a[href$="/block"]`), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#do"),
		chromedp.Focus("#field-reason"), chromedp.KeyEvent("звернення 4711\r"), chromedp.WaitVisible("#notice"))
	require.Contains(t, look(w, chromedp.Text("main")), "Причина: звернення 4711")
	w.steps(chromedp.Focus(`a[href$="/unblock"]`), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#do"),
		chromedp.Focus("#field-reason"), chromedp.KeyEvent("помилка\t\r"), chromedp.WaitVisible("#notice"))
	require.Contains(t, look(w, chromedp.Text("#notice")), "розблоковано")
	user, err := s.store.FindUser(t.Context(), o.doctor.ID)
	require.NoError(t, err)
	require.False(t, user.IsBlocked)
	w.steps(chromedp.Click("#sign-out"), chromedp.WaitVisible("#submit"))
	require.Contains(t, look(w, chromedp.Text("#notice")), "Ви вийшли")
}
