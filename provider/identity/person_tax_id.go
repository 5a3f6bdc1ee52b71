package identity

import (
	"context"
)

// PersonHasTaxID says whether the registry of persons gives a person that tax id; without a registry everybody has the
// one that is claimed. Errors: ErrPersonUnknown, or a fault.
func (s *Service) PersonHasTaxID(ctx context.Context, personID, taxID string) (bool, error) {
	if s.components.Persons == nil {
		return true, nil
	}
	if personID == "" {
		return false, ErrPersonUnknown
	}
	known, err := s.components.Persons.FindPerson(ctx, personID)
	return err == nil && taxID != "" && known == taxID, err
}
