package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"ithildin/provider/outbound"
)

// ErrPersonUnknown says that the registry of persons has nobody of that id, or says that the entry is INACTIVE.
var ErrPersonUnknown = errors.New("identity: the person is unknown")

// PersonFinder reads the tax id of a person from the registry (MPI) that users' person_id points to.
type PersonFinder interface {
	FindPerson(ctx context.Context, personID string) (taxID string, err error)
}

// PersonService asks over HTTP: GET URL/{person_id} answers {"data": {"tax_id": …, "status": …}}.
type PersonService struct{ outbound.Service }

// FindPerson implements PersonFinder. Errors: ErrPersonUnknown, or a fault.
func (s PersonService) FindPerson(ctx context.Context, personID string) (string, error) {
	status, content, err := s.Ask(ctx, http.MethodGet, strings.TrimSuffix(s.URL, "/")+"/"+url.PathEscape(personID), nil)
	if err != nil {
		return "", err
	}
	var response struct {
		Data struct {
			TaxID  string `json:"tax_id"`
			Status string `json:"status"`
		} `json:"data"`
	}
	switch {
	case status == http.StatusNotFound:
		return "", ErrPersonUnknown
	case status != http.StatusOK || json.Unmarshal(content, &response) != nil:
		return "", fmt.Errorf("identity: the registry of persons answers %d", status)
	}
	if strings.EqualFold(response.Data.Status, "INACTIVE") {
		return "", fmt.Errorf("%w: the entry is inactive", ErrPersonUnknown)
	}
	return response.Data.TaxID, nil
}
