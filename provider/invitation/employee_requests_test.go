package invitation

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCodeOfALinkIsReadAsMailProgramsLeaveIt(t *testing.T) {
	for given, want := range map[string]string{
		"YWJj+/8=":                "YWJj+/8=",
		"YWJj /8=":                "YWJj+/8=", // a query that was not escaped
		"YWJj_-8=":                "YWJj_-8=",
		"YWJj/z4 ":                "YWJj/z4+",
		"YWJj/8=.":                "YWJj/8=",
		"YWJj/8=».":               "YWJj/8=",
		"":                        "",
		"../admin":                "",
		"a=b":                     "",
		"YWJj\n":                  "YWJj",
		"я":                       "",
		strings.Repeat("a", 1001): "",
	} {
		require.Equal(t, want, ParseCode(given), given)
	}
}

const wellFormed = `{"data": {"id": "AE1F1B1C-0000-4000-8000-000000000001", "status": "NEW", "employee_type": "DOCTOR",
	"position": "P1", "start_date": "2026-12-01",
	"legal_entity": {"id": "6498D88E-97FB-47E2-85A5-99E884F888AA", "name": "Клініка"},
	"party": {"first_name": "Олена", "last_name": "Коваль", "email": "olena@example.com",
	"phones": [{"number": "+380"}]}}}`

func TestEmployeeRequestIsReadAsFarAsItIsShown(t *testing.T) {
	i, err := decode([]byte(wellFormed))
	require.NoError(t, err)
	require.Equal(t, &Invitation{
		ID: "ae1f1b1c-0000-4000-8000-000000000001", Email: "olena@example.com", State: Open,
		ClientID:     "6498d88e-97fb-47e2-85a5-99e884f888aa",
		Organisation: "Клініка", Role: "DOCTOR", Position: "P1", StartDate: "2026-12-01",
		Person: Person{Name: "Коваль Олена", Phones: []string{"+380"}},
	}, i)
}

func TestEmployeeRequestWithoutWhatIsNeededIsRefused(t *testing.T) {
	for name, change := range map[string][2]string{
		"no JSON":             {`"data"`, `data`},
		"an id that is none":  {`AE1F1B1C-0000-4000-8000-000000000001`, `../../admin/users`},
		"another form of id":  {`AE1F1B1C-0000-4000-8000-000000000001`, `ae1f1b1c000040008000000000000001`},
		"an unknown status":   {`"NEW"`, `"SOON"`},
		"a status of no text": {`"NEW"`, `1`},
		"no address":          {`olena@example.com`, `olena`},
		"an address of lines": {`olena@example.com`, `olena@example.com\r\nBcc: a@example.com`},
		"a long address":      {`olena@`, strings.Repeat("o", 254) + `@`},
		"a list for a person": {`{"first_name"`, `[{"first_name"`},
	} {
		_, err := decode([]byte(strings.Replace(wellFormed, change[0], change[1], 1)))
		require.ErrorIs(t, err, ErrUnavailable, name)
		require.NotContains(t, err.Error(), "olena", name)
	}
}

func TestTextsOfAnEmployeeRequestAreShortAndOfOneLine(t *testing.T) {
	i, err := decode([]byte(strings.Replace(wellFormed, "Клініка", `\u202eК\n`+strings.Repeat("я", 300), 1)))
	require.NoError(t, err)
	require.Equal(t, "К "+strings.Repeat("я", 198)+"…", i.Organisation)
}

func TestSlowAnswerIsNotWaitedFor(t *testing.T) {
	// The answer comes when the connection has ended. A timeout that passes before the request was sent is as good.
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	var counted error
	e := NewEmployeeRequests(Options{URL: server.URL, Count: func(_ time.Time, err error) { counted = err }})
	e.readTimeout = time.Millisecond
	_, err := e.Find(t.Context(), "YWJj")
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, counted, ErrUnavailable)
	require.NotContains(t, err.Error(), server.URL)
}

func TestCallsBeyondTheBoundAreRefusedAtOnce(t *testing.T) {
	arrived, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-answer
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	e := NewEmployeeRequests(Options{URL: server.URL})
	errs := make(chan error, callsAtOnce)
	find := func() error { _, err := e.Find(t.Context(), "YWJj"); return err }
	for range callsAtOnce {
		go func() { errs <- find() }()
		<-arrived
	}
	require.ErrorIs(t, find(), ErrUnavailable)
	close(answer)
	for range callsAtOnce {
		require.ErrorIs(t, <-errs, ErrUnknown)
	}
}

func TestPositionsAreAskedForOnceAnHour(t *testing.T) {
	now, calls, answer := time.Now(), 0, `{"data":[{"name":"POSITION","values":{"P1":"Лікар"}}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/dictionaries" {
			calls++
			_, _ = w.Write([]byte(answer))
			return
		}
		_, _ = w.Write([]byte(wellFormed))
	}))
	defer server.Close()
	e := NewEmployeeRequests(Options{URL: server.URL, Now: func() time.Time { return now }})
	find := func() string {
		i, err := e.Find(t.Context(), "YWJj")
		require.NoError(t, err)
		return i.Position
	}
	require.Equal(t, "Лікар", find())
	require.Equal(t, "Лікар", find())
	require.Equal(t, 1, calls)
	now, answer = now.Add(time.Hour), `{"data":`
	require.Equal(t, "Лікар", find(), "the last answer that was of use")
	require.Equal(t, "Лікар", find())
	require.Equal(t, 2, calls)
	now, answer = now.Add(time.Minute), `{"data":[{"name":"POSITION","values":{}}]}`
	require.Equal(t, "P1", find(), "a code without a word")
	require.Equal(t, 3, calls)
}
