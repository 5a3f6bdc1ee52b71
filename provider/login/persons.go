package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// ErrPersonUnknown says that the registry of persons has nobody of that id.
var ErrPersonUnknown = errors.New("login: the person is unknown")

// PersonFinder reads the tax id of a person from the registry (MPI) that users' person_id points to.
type PersonFinder interface {
	FindPerson(ctx context.Context, personID string) (taxID string, err error)
}

// PersonService asks over HTTP: GET URL/{person_id} answers {"data": {"tax_id": …}}.
type PersonService struct{ Component }

// FindPerson implements PersonFinder. Errors: ErrPersonUnknown, or a fault.
func (s PersonService) FindPerson(ctx context.Context, personID string) (string, error) {
	status, text, err := s.ask(ctx, http.MethodGet, strings.TrimSuffix(s.URL, "/")+"/"+url.PathEscape(personID), nil)
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			TaxID string `json:"tax_id"`
		} `json:"data"`
	}
	switch {
	case status == http.StatusNotFound:
		return "", ErrPersonUnknown
	case status != http.StatusOK || json.Unmarshal(text, &answer) != nil:
		return "", fmt.Errorf("login: the registry of persons answers %d", status)
	}
	return answer.Data.TaxID, nil
}
