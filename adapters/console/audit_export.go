package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

const (
	// exportedAtOnce is how many events are read at a time, and mostExported how many a file has at most.
	exportedAtOnce = 500
	mostExported   = 100_000
	// exportTime is how long the browser may take for the next part of a file.
	exportTime = 20 * time.Second
)

// exported is an event as a file has it.
type exported struct {
	Time      time.Time         `json:"time"`
	Kind      string            `json:"kind"`
	UserID    string            `json:"user_id,omitempty"`
	ClientID  string            `json:"client_id,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Address   string            `json:"address,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
	Before    json.RawMessage   `json:"before,omitempty"`
	After     json.RawMessage   `json:"after,omitempty"`
}

// exportNDJSON and exportCSV write the events of the filters, the newest first, and record that somebody took them.
func exportNDJSON(v *visit) error {
	encoder := json.NewEncoder(v.w)
	encoder.SetEscapeHTML(false)
	return exportAudit(v, "application/x-ndjson", "audit.ndjson", func(e exported) error { return encoder.Encode(e) },
		func() error { return nil })
}

func exportCSV(v *visit) error {
	writer := csv.NewWriter(v.w)
	header := true
	return exportAudit(v, "text/csv; charset=utf-8", "audit.csv", func(e exported) error {
		if header {
			header = false
			if err := writer.Write([]string{"time", "kind", "user_id", "client_id", "request_id", "address", "details",
				"before", "after"}); err != nil {
				return err
			}
		}
		var details []string
		for _, name := range slices.Sorted(maps.Keys(e.Details)) {
			details = append(details, name+"="+e.Details[name])
		}
		row := []string{e.Time.Format(time.RFC3339), e.Kind, e.UserID, e.ClientID, e.RequestID, e.Address,
			strings.Join(details, "; "), string(e.Before), string(e.After)}
		for i := range row {
			row[i] = harmless(row[i])
		}
		return writer.Write(row)
	}, func() error { writer.Flush(); return writer.Error() })
}

// harmless keeps a spreadsheet from taking a cell for a formula.
func harmless(value string) string {
	if value != "" && strings.ContainsRune("=+-@\t\r", rune(value[0])) {
		return "'" + value
	}
	return value
}

// exportAudit reads page by page, so that a file of any size takes the memory of one.
func exportAudit(v *visit, media, name string, write func(exported) error, flush func() error) error {
	l := newList(v)
	f := auditFilter(v, l)
	problem, ledOn, err := idsInPlaceOfNames(v, l, f)
	if err != nil || ledOn {
		return err
	}
	if problem != "" {
		return storage.ErrNotFound
	}
	f.Limit = exportedAtOnce
	ctx := inbound.Detached(v.r.Context())
	events, err := v.store.ListEvents(v.r.Context(), f)
	if err != nil {
		return err
	}
	query := v.r.URL.Query().Encode()
	err = v.store.RecordAct(v.r.Context(), storage.EventAuditExported, map[string]string{"filter": query, "file": name})
	if err != nil {
		return err
	}
	v.writeHeaders()
	v.w.Header().Set("Content-Type", media)
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"`, name))
	v.w.WriteHeader(http.StatusOK)
	for total := 0; len(events) > 0; {
		// The file may take longer than a page may.
		err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(exportTime))
		for _, e := range events {
			err = errors.Join(err, write(exported{
				e.CreatedAt, e.Kind, e.UserID, e.ClientID, e.RequestID, e.Address, e.Details, e.Before, e.After,
			}))
		}
		if err = errors.Join(err, flush()); err != nil {
			inbound.RecordOf(ctx).Failed(slog.LevelInfo, "export_aborted", err)
			return nil // the browser has gone
		}
		f.After = events[len(events)-1].Cursor()
		if total += len(events); total >= mostExported {
			return incomplete(write, flush)
		}
		if events, err = v.store.ListEvents(ctx, f); err != nil {
			inbound.RecordOf(v.r.Context()).Failed(slog.LevelError, "export_incomplete", err)
			return incomplete(write, flush)
		}
	}
	return nil
}

// incomplete says in the last row that there is more: an answer that has begun can't become an error.
func incomplete(write func(exported) error, flush func() error) error {
	_ = write(exported{Kind: "export_incomplete"}) // a browser that has gone needs no row
	_ = flush()
	return nil
}
