package console_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	downloads "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"ithildin/provider/operator"
	"ithildin/storage"
	"ithildin/storage/storagetest"
)

// firstDay is a day of somebody who has never seen the console, with the words that they read and write.
type firstDay struct {
	language                                          string
	width, height                                     int64
	clients, newClient, mis, giveRole, reset          string // links
	allEvents, signInFailed, wrongPassword, newSecret string
	end, audit, lastWeek, download, name              string
}

// firstDays are those in Ukrainian and in English, at the size of a phone and of a desk.
func firstDays() (days []firstDay) {
	ukrainian := firstDay{
		language: "uk", clients: "Клієнти", newClient: "Новий клієнт", mis: "Медична інформаційна система",
		giveRole: "Надати роль", reset: "Скинути", allEvents: "Усі події", signInFailed: "Невдалий вхід",
		wrongPassword: "неправильний пароль", newSecret: "Новий секрет", end: "Завершити",
		audit: "Журнал", lastWeek: "Минулий тиждень", download: "Завантажити NDJSON", name: "МІС «Здоров’я»",
	}
	english := firstDay{
		language: "en", clients: "Clients", newClient: "New client", mis: "Medical information system",
		giveRole: "Give a role", reset: "Reset", allEvents: "All events", signInFailed: "Failed sign-in",
		wrongPassword: "wrong password", newSecret: "New secret", end: "End",
		audit: "Audit", lastWeek: "Last week", download: "Download NDJSON", name: "MIS “Health”",
	}
	for _, day := range []firstDay{ukrainian, english} {
		for _, size := range [][2]int64{{390, 844}, {1280, 800}} {
			day.width, day.height = size[0], size[1]
			days = append(days, day)
		}
	}
	return days
}

// TestAPersonWhoHasNeverSeenTheConsoleDoesTheWorkOfADay goes by links, fields and buttons alone, as they are called on
// the pages: registers a MIS, gives a doctor a role, resets their second factor, finds why a sign-in failed at 10:42,
// rotates a secret without an outage, and exports the audit of last week. Each page is examined (walk.do).
func TestAPersonWhoHasNeverSeenTheConsoleDoesTheWorkOfADay(t *testing.T) {
	axe, chromium := readAxe(t), newChromium(t)
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		s := newStack(t, engine)
		admin, _ := s.operator("admin@example.com", operator.Rights()...)
		role := storage.Role{ID: s.store.NewID(), Name: "ЛІКАР", Scope: []string{"patients:view", "patients:create"}}
		require.NoError(t, s.store.CreateRole(t.Context(), role))
		days := firstDays()
		if engine.Name != storagetest.Engines()[0].Name {
			days = days[:1] // the pages are the same
		}
		for _, day := range days {
			t.Run(fmt.Sprintf("%d pixels in %s", day.width, day.language), func(t *testing.T) {
				doctor := s.person(fmt.Sprintf("doctor-%d-%s@clinic.example", day.width, day.language), true)
				failed := s.failSignIn(doctor.Email)
				s.seedWeeks(doctor)
				day.name += fmt.Sprint(" ", day.width)
				w := newWalk(t, s, chromium, day.width, day.height, day.language)
				w.axe, w.name = axe, fmt.Sprintf("day-%d-%s", day.width, day.language)
				w.signIn(admin.Email)

				client, secret := day.registerMIS(w)
				day.helpDoctor(w, doctor, role)
				day.findFailure(w, failed)
				day.rotateSecret(w, client, secret)
				day.exportLastWeek(w)
				w.asksNobodyElse()
			})
		}
	})
}

// failSignIn tries a wrong password at 10:42 in Kyiv, and returns the minute as pages show it.
func (s *stack) failSignIn(email string) string {
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	require.NoError(s.t, err)
	now := s.clock.Now().In(kyiv)
	at := time.Date(now.Year(), now.Month(), now.Day()+1, 10, 42, 17, 0, kyiv)
	s.clock.Advance(at.Sub(now))
	b := s.browser()
	p := b.pressed("/console/")
	p = b.post(s.issuer+p.url.Path, url.Values{
		"request": {p.hidden(s.t, "request")}, "username": {email}, "password": {"not the password"},
	})
	require.Equal(s.t, "/login/sign-in", p.url.Path, p.body)
	s.clock.Advance(33 * time.Minute)
	return at.Format("02.01.2006, 15:04")
}

// seedWeeks records a sign-in on each of the last twenty days.
func (s *stack) seedWeeks(u storage.User) {
	var events []storage.Event
	for day := range 20 {
		events = append(events, storage.Event{
			Kind: storage.EventSignIn, UserID: u.ID, Address: "192.0.2.7",
			CreatedAt: s.clock.Now().AddDate(0, 0, -day).Add(-time.Hour),
		})
	}
	require.NoError(s.t, s.store.RecordEvents(s.t.Context(), events))
}

// follow clicks the first link of the page that is called so, and waits for what the page behind it has.
func (w *walk) follow(page, text, wanted string) {
	w.t.Helper()
	w.do(page, chromedp.Click(chromedp.Search(`//a[normalize-space()="`+text+`"]`)), chromedp.WaitVisible(wanted))
}

// find searches for something by the box at the top.
func (w *walk) find(page, text, wanted string) {
	w.t.Helper()
	w.do(page, chromedp.SendKeys("#q", text+"\r"), chromedp.WaitVisible(wanted))
}

// decide gives the reason of an action and presses its button.
func (w *walk) decide(page, wanted string) {
	w.t.Helper()
	w.do(page, chromedp.SendKeys("#field-reason", "звернення 4711"), chromedp.Click("#do"), chromedp.WaitVisible(wanted))
}

// choose selects the option that is called so.
func (w *walk) choose(field, text string) {
	w.t.Helper()
	value := look(w, chromedp.Evaluate[string](fmt.Sprintf(
		`[...document.querySelector(%q).options].find(o => o.text === %q).value`, field, text)))
	w.steps(chromedp.SetValue(field, value))
}

// registerMIS makes a client of the legacy API, and returns its id and its secret as the page shows them.
func (d firstDay) registerMIS(w *walk) (client, secret string) {
	w.follow("clients", d.clients, "#filter")
	w.follow("kinds", d.newClient, `a[href$="/new-client/mis"]`)
	w.follow("mis", d.mis, "#do")
	w.steps(chromedp.SendKeys("#field-name", d.name),
		chromedp.SendKeys("#field-redirect_uris", "https://mis.example/callback"))
	w.decide("mis-done", "#secret")
	return look(w, chromedp.Text(chromedp.Search(`//dt[.="client_id"]/following-sibling::dd`))),
		look(w, chromedp.Text("#secret"))
}

// helpDoctor gives the doctor the role at the MIS, by its name, and resets the phone that the doctor has lost.
func (d firstDay) helpDoctor(w *walk, doctor storage.User, role storage.Role) {
	w.find("doctor", doctor.Email, "#factors")
	w.follow("give-role", d.giveRole, "#do")
	w.choose("#field-role", role.Name)
	w.steps(chromedp.SendKeys("#field-client", d.name))
	w.decide("role-given", "#notice")
	require.Contains(w.t, look(w, chromedp.Text("main")), role.Name)
	w.follow("reset-factor", d.reset, "#do")
	w.decide("factor-reset", "#notice")

	held, err := w.stack.store.ListUserRoles(w.t.Context(), doctor.ID)
	require.NoError(w.t, err)
	require.Len(w.t, held, 1)
	require.Equal(w.t, role.ID, held[0].RoleID)
	factors, err := w.stack.store.ListAuthenticationFactors(w.t.Context(), doctor.ID)
	require.NoError(w.t, err)
	require.Empty(w.t, factors[0].Factor)
}

// findFailure goes from the page of the doctor to all events, and narrows them to what failed between 10:40 and 10:45.
func (d firstDay) findFailure(w *walk, failed string) {
	w.follow("doctor-audit", d.allEvents, "#filter")
	w.choose("#field-kind", d.signInFailed)
	day := failed[6:10] + "-" + failed[3:5] + "-" + failed[:2]
	w.do("failure", chromedp.SetValue("#field-since", day+"T10:40"), chromedp.SetValue("#field-until", day+"T10:45"),
		chromedp.Click("#filter"), chromedp.WaitVisible(".chips li:nth-child(4)"))
	rows := look(w, chromedp.Evaluate[string](
		`[...document.querySelectorAll("tbody tr")].map(r => r.innerText).join("\f")`))
	require.NotContains(w.t, rows, "\f", "one row")
	require.Contains(w.t, rows, failed)
	require.Contains(w.t, rows, d.wrongPassword)
}

// rotateSecret makes a second secret of the MIS, sees that both are good, and ends the first.
func (d firstDay) rotateSecret(w *walk, client, before string) {
	w.stack.clock.Advance(time.Minute) // so that the page tells the secrets apart
	w.find("client", d.name, "#secrets")
	w.follow("new-secret", d.newSecret, "#do")
	w.decide("secret-made", "#secret")
	after := look(w, chromedp.Text("#secret"))
	require.NotEqual(w.t, before, after)
	w.do("two-secrets", chromedp.Click("main p a"), chromedp.WaitVisible("#secrets"))
	require.True(w.t, w.stack.isAccepted(client, before), "the client goes on as it was")
	require.True(w.t, w.stack.isAccepted(client, after), "and with the new secret")

	w.follow("end-secret", d.end, "#do")
	w.decide("secret-ended", "#notice")
	require.False(w.t, w.stack.isAccepted(client, before))
	require.True(w.t, w.stack.isAccepted(client, after))
}

// isAccepted says whether the token endpoint knows a client by a secret: it then refuses the code, not the client.
func (s *stack) isAccepted(client, secret string) bool {
	p := s.browser().post(s.issuer+"/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {"of-nobody"}, "redirect_uri": {"https://mis.example/callback"},
		"client_id": {client}, "client_secret": {secret},
	})
	var answer struct{ Error string }
	require.NoError(s.t, json.Unmarshal([]byte(p.body), &answer), p.body)
	require.Contains(s.t, []string{"invalid_grant", "invalid_client"}, answer.Error, p.body)
	return answer.Error == "invalid_grant" && p.status == http.StatusBadRequest
}

// exportLastWeek downloads the events from Monday to Sunday before this week.
func (d firstDay) exportLastWeek(w *walk) {
	folder := w.t.TempDir()
	allowed, all := true, downloads.SetDownloadBehaviorBehaviorAllowAndName
	_, err := chromedp.Call(w.tab, downloads.SetDownloadBehavior, downloads.SetDownloadBehaviorParams{
		Behavior: all, DownloadPath: folder, EventsEnabled: &allowed,
		BrowserContextID: chromedp.FromContext(w.tab).BrowserContextID,
	})
	require.NoError(w.t, err)
	w.follow("audit", d.audit, "#filter")
	w.follow("last-week", d.lastWeek, ".chips li:nth-child(2)")
	ended := chromedp.Events(w.tab, downloads.DownloadProgress)
	w.steps(chromedp.Click(chromedp.Search(`//a[normalize-space()="` + d.download + `"]`)))
	for progress, err := range ended {
		require.NoError(w.t, err)
		if progress.State != downloads.DownloadProgressStateCompleted {
			continue
		}
		w.holdsLastWeek(filepath.Join(folder, progress.GUID))
		return
	}
}

func (w *walk) holdsLastWeek(path string) {
	file, err := os.Open(path)
	require.NoError(w.t, err)
	defer file.Close()
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	require.NoError(w.t, err)
	now := w.stack.clock.Now().In(kyiv)
	monday := time.Date(now.Year(), now.Month(), now.Day()-(int(now.Weekday())+6)%7, 0, 0, 0, 0, kyiv)
	days := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var event struct {
			Time time.Time
			Kind string
		}
		require.NoError(w.t, json.Unmarshal(lines.Bytes(), &event))
		require.False(w.t, event.Time.Before(monday.AddDate(0, 0, -7)), lines.Text())
		require.True(w.t, event.Time.Before(monday), lines.Text())
		days[event.Time.In(kyiv).Format(time.DateOnly)] = true
	}
	require.Len(w.t, days, 7)
	exported := w.stack.lastEvent(storage.EventAuditExported)
	require.Equal(w.t, "admin@example.com", exported.Details["operator"])
	require.True(w.t, strings.HasSuffix(exported.Details["file"], ".ndjson"))
}
