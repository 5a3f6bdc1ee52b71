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

// walk goes through the pages with one browser and examines each.
type walk struct {
	t       *testing.T
	browser context.Context
	axe     string // the script; "" to leave it out
	name    string // of the browser's size and language, for screenshots
	stack   *stack
	mutex   sync.Mutex
	foreign []string // requests to other hosts than the console and the provider
}

// newWalk starts chromium with a profile of its own, of that size and language.
func newWalk(t *testing.T, s *stack, width, height int, language string) *walk {
	path := requirement.Chromium.Get(t)
	allocator, cancelAllocator := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.WindowSize(width, height), chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
			chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()))...)
	t.Cleanup(cancelAllocator)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancelTimeout := context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancelTimeout)
	w := &walk{t: t, stack: s, browser: ctx, name: fmt.Sprintf("console-%d-%s", width, language)}
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(int64(width), int64(height))))
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		if sent, isRequest := event.(*network.EventRequestWillBeSent); isRequest {
			at := sent.Request.URL
			if !strings.HasPrefix(at, s.admin+"/") && !strings.HasPrefix(at, s.issuer+"/") && !strings.HasPrefix(at, "data:") {
				w.mutex.Lock()
				w.foreign = append(w.foreign, at)
				w.mutex.Unlock()
			}
		}
	}))
	return w
}

func look[T any](w *walk, what chromedp.Action[T]) T {
	w.t.Helper()
	seen, err := chromedp.Run(w.browser, what)
	require.NoError(w.t, err)
	return seen
}

// do takes steps to a page and examines it: its size, that nothing sticks out at the side, and what axe-core finds.
func (w *walk) do(page string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	require.NoError(w.t, chromedp.Do(w.browser, steps...), page)
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
	require.NoError(w.t, chromedp.Do(w.browser, chromedp.Click("#submit"), chromedp.WaitVisible("#login-submit"),
		chromedp.SendKeys("[name=username]", email), chromedp.SendKeys("[name=password]", password+"\r"),
		chromedp.WaitVisible("#code-submit")))
	require.NoError(w.t, chromedp.Do(w.browser, chromedp.SendKeys("[name=code]", w.stack.phones.code(phone)+"\r")))
	require.NoError(w.t, chromedp.Do(w.browser, chromedp.WaitVisible("#consent-accept, #sign-out")))
	if strings.Contains(look(w, chromedp.Location()), "/login/consent") {
		require.NoError(w.t, chromedp.Do(w.browser, chromedp.Click("#consent-accept")))
	}
	// The console is on another site than the provider: the session is there nevertheless.
	w.do("home", chromedp.WaitVisible("#sign-out"))
	require.Contains(w.t, look(w, chromedp.Text("footer")), email)
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
	axe, err := os.ReadFile(filepath.Join(requirement.AxeCore.Get(t), "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		o := newWorld(t, s)
		for _, size := range [][2]int{{390, 844}, {1280, 800}} {
			language := languageAt(engine, size[0])
			t.Run(fmt.Sprintf("%d pixels in %s", size[0], language), func(t *testing.T) {
				w := newWalk(t, s, size[0], size[1], language)
				w.axe = string(axe)
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
				w.mutex.Lock()
				defer w.mutex.Unlock()
				require.Empty(t, w.foreign)
			})
		}
	})
}

// languageAt is the other one on the other engine, so that each size is seen in both languages.
func languageAt(engine storagetest.Engine, width int) string {
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
		{"reset-factor", person + "/factors/" + o.factorID + "/reset-factor"},
		{"give-role", person + "/roles/give-role"},
		{"take-role", person + "/roles/" + o.role.ID + "/take-role?client=" + o.client.ID},
		{"clients", "clients"}, {"clients-filtered", "clients?name=Клін&state=active"}, {"client", client},
		{"client-own", "clients/ithildin-console"}, {"block-client", client + "/block-client"},
		{"unblock-client-refused", client + "/unblock-client"}, {"end-client-tokens", client + "/end-client-tokens"},
		{"redirect-uris", connection + "/redirect-uris"}, {"new-secret", connection + "/new-secret"},
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
	require.NoError(w.t, chromedp.Do(w.browser, chromedp.Navigate(w.stack.admin+"/console/"),
		chromedp.Click(`[name=theme][value=`+theme+`]`), chromedp.WaitVisible(`html[data-theme=`+theme+`]`)))
}

// TestAnOperatorHelpsAPersonWithABrowser finds a person by the search box, blocks and unblocks them, with the keyboard
// alone.
func TestAnOperatorHelpsAPersonWithABrowser(t *testing.T) {
	s := newStack(t, storagetest.Engines()[0])
	o := newWorld(t, s)
	w := newWalk(t, s, 1280, 800, "uk")
	w.signIn(o.admin.Email)
	do := func(steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		require.NoError(t, chromedp.Do(w.browser, steps...))
	}
	do(chromedp.Focus("#q"), chromedp.KeyEvent("koval\r"), chromedp.WaitVisible("#factors"))
	require.Contains(t, look(w, chromedp.Text("main")), "olena.koval@clinic.example")
	do(chromedp.Focus(`a[href$="/block"]`), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#do"),
		chromedp.Focus("#field-reason"), chromedp.KeyEvent("звернення 4711\r"), chromedp.WaitVisible("#notice"))
	require.Contains(t, look(w, chromedp.Text("main")), "Причина: звернення 4711")
	do(chromedp.Focus(`a[href$="/unblock"]`), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#do"),
		chromedp.Focus("#field-reason"), chromedp.KeyEvent("помилка\t\r"), chromedp.WaitVisible("#notice"))
	require.Contains(t, look(w, chromedp.Text("#notice")), "розблоковано")
	user, err := s.store.FindUser(t.Context(), o.doctor.ID)
	require.NoError(t, err)
	require.False(t, user.IsBlocked)
	do(chromedp.Click("#sign-out"), chromedp.WaitVisible("#submit"))
	require.Contains(t, look(w, chromedp.Text("#notice")), "Ви вийшли")
}
