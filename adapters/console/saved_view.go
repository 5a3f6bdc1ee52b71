package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"ithildin/provider/registration"
	"ithildin/storage"
)

const (
	longestViewName = 60 // characters
	longestQuery    = 2000
)

// savedViews are the views that an operator has kept of the audit, and the form that keeps one more.
type savedViews struct {
	Query string // of this page; "" where there is nothing to keep
	Views []savedView
}

// savedView leads to a view, and has the address to which the form that drops it is sent.
type savedView struct{ Name, Href, Drop string }

// findSavedViews reads the views of the operator.
func findSavedViews(v *visit, query string) (*savedViews, error) {
	kept, err := v.store.ListConsoleViews(v.r.Context(), v.operator.ID)
	found := &savedViews{Query: query}
	for _, view := range kept {
		found.Views = append(found.Views, savedView{
			Name: view.Name, Href: address("audit") + "?" + view.Query, Drop: address("audit", "views", view.ID),
		})
	}
	return found, err
}

// keepView keeps the filters of the audit under a name. They are read again as a query, so that the link to the view
// leads nowhere but to the audit.
func keepView(v *visit) error {
	name := strings.Join(strings.Fields(v.r.PostForm.Get("name")), " ")
	query, err := url.ParseQuery(v.r.PostForm.Get("query"))
	if err != nil || name == "" || utf8.RuneCountInString(name) > longestViewName ||
		registration.ValidateText(name) != nil || len(query.Encode()) > longestQuery {
		return &pageError{status: http.StatusUnprocessableEntity, key: "view.wrong", back: address("audit")}
	}
	query.Del("after")
	err = v.store.KeepConsoleView(v.r.Context(), storage.ConsoleView{
		ID: v.store.NewID(), UserID: v.operator.ID, Name: name, Query: query.Encode(),
	})
	if errors.Is(err, storage.ErrConflict) {
		return &pageError{status: http.StatusConflict, key: "view.too_many", back: address("audit")}
	}
	if err != nil {
		return err
	}
	goOn(v.w, v.r, address("audit")+"?"+query.Encode())
	return nil
}

// dropView deletes a view of the operator.
func dropView(v *visit) error {
	if err := v.store.DropConsoleView(v.r.Context(), v.operator.ID, v.parameter("view")); err != nil {
		return err
	}
	goOn(v.w, v.r, address("audit"))
	return nil
}
