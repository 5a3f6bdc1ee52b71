package ehealth

import (
	"encoding/json"

	"ithildin/storage"
)

// userObject is a user as the old system shows one (contract section 2.5).
type userObject struct {
	ID          string          `json:"id"`
	Email       string          `json:"email"`
	TaxID       string          `json:"tax_id"`
	PersonID    string          `json:"person_id"`
	Settings    json.RawMessage `json:"settings"`
	IsBlocked   bool            `json:"is_blocked"`
	BlockReason *string         `json:"block_reason"`
	InsertedAt  string          `json:"inserted_at"`
	UpdatedAt   string          `json:"updated_at"`
}

func newUserObject(u *storage.User) userObject {
	return userObject{
		ID: u.ID, Email: u.Email, TaxID: u.TaxID, PersonID: u.PersonID, Settings: jsonObject(u.Settings),
		IsBlocked: u.IsBlocked, BlockReason: orNull(u.BlockReason),
		InsertedAt: naiveTime(u.CreatedAt), UpdatedAt: naiveTime(u.UpdatedAt),
	}
}

// jsonObject is a document of a row; an absent one is an empty object.
func jsonObject(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}

// orNull shows an empty text as null.
func orNull(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
