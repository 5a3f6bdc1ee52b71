package invitation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"ithildin/provider/mail"
)

const (
	longestEmail = 254 // bytes, RFC 5321 4.5.3.1.3 without the angle brackets
	mostPhones   = 10
)

// employeeRequest is what is read of an answer of ehealth.api.
type employeeRequest struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	EmployeeType  string `json:"employee_type"`
	Position      string `json:"position"`
	StartDate     string `json:"start_date"`
	LegalEntityID string `json:"legal_entity_id"`
	LegalEntity   struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		PublicName string `json:"public_name"`
	} `json:"legal_entity"`
	Party struct {
		FirstName  string `json:"first_name"`
		SecondName string `json:"second_name"`
		LastName   string `json:"last_name"`
		BirthDate  string `json:"birth_date"`
		TaxID      string `json:"tax_id"`
		Email      string `json:"email"`
		Phones     []struct {
			Number string `json:"number"`
		} `json:"phones"`
	} `json:"party"`
}

// states are the statuses of employee requests.
var states = map[string]State{"NEW": Open, "APPROVED": Accepted, "REJECTED": Rejected, "EXPIRED": Over}

// decode reads an employee request, without which nothing can be shown. Its error holds nothing of the answer.
func decode(content []byte) (*Invitation, error) {
	var response struct {
		Data employeeRequest `json:"data"`
	}
	if json.Unmarshal(content, &response) != nil {
		return nil, fmt.Errorf("%w: an answer that is no employee request", ErrUnavailable)
	}
	given := response.Data
	state, known := states[given.Status]
	email := strings.TrimSpace(given.Party.Email)
	switch {
	case uuid.Validate(given.ID) != nil || len(given.ID) != len(uuid.Nil.String()):
		return nil, fmt.Errorf("%w: an employee request whose id is no UUID", ErrUnavailable)
	case !known:
		return nil, fmt.Errorf("%w: an employee request of an unknown status", ErrUnavailable)
	case !strings.Contains(email, "@") || len(email) > longestEmail || mail.OneLine(email) != email:
		return nil, fmt.Errorf("%w: an employee request without an e-mail address", ErrUnavailable)
	}
	i := &Invitation{
		ID: strings.ToLower(given.ID), Email: email, State: state, TaxID: mail.OneLine(given.Party.TaxID),
		Organisation: mail.OneLine(cmp.Or(given.LegalEntity.PublicName, given.LegalEntity.Name)),
		Role:         mail.OneLine(given.EmployeeType),
		Position:     mail.OneLine(given.Position), StartDate: mail.OneLine(given.StartDate),
		Person: Person{
			Name: mail.OneLine(strings.Join(
				[]string{given.Party.LastName, given.Party.FirstName, given.Party.SecondName}, " ")),
			BirthDate: mail.OneLine(given.Party.BirthDate),
		},
	}
	// The client of an organisation has its id.
	if id := cmp.Or(given.LegalEntity.ID, given.LegalEntityID); uuid.Validate(id) == nil {
		i.ClientID = strings.ToLower(id)
	}
	for _, phone := range given.Party.Phones[:min(len(given.Party.Phones), mostPhones)] {
		if number := mail.OneLine(phone.Number); number != "" {
			i.Person.Phones = append(i.Person.Phones, number)
		}
	}
	return i, nil
}
