package storage

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// The kinds of fields of authorization details.
const (
	DetailText    = "text"
	DetailNumber  = "number"
	DetailBoolean = "boolean"
	DetailObject  = "object"
)

// DetailType is a type of authorization details (RFC 9396 2): what a client may ask for beside scopes.
type DetailType struct {
	Type           string
	TitleUkrainian string // what people are shown
	TitleEnglish   string
	// IsOpen lets every client use the type. Otherwise those may that have it among their
	// Metadata.AuthorizationDetailsTypes.
	IsOpen bool
	// WithoutUser lets a client have such details on its own behalf (client_credentials), with nobody's consent.
	WithoutUser bool
	Fields      []DetailField
}

// DetailField is a field of a type, or of an object in it. Its JSON is that of the file of the command line.
type DetailField struct {
	Name           string        `json:"name"`
	TitleUkrainian string        `json:"title_uk"`
	TitleEnglish   string        `json:"title_en"`
	Kind           string        `json:"kind"`
	IsList         bool          `json:"is_list,omitempty"`
	IsRequired     bool          `json:"is_required,omitempty"`
	MaximumLength  int           `json:"maximum_length,omitempty"` // of a text, in characters; 0: 200
	Values         []DetailValue `json:"values,omitempty"`         // the only ones that a text may have; none: any
	Fields         []DetailField `json:"fields,omitempty"`         // of an object
}

// DetailValue is a value that a text may have, in words.
type DetailValue struct {
	Value          string `json:"value"`
	TitleUkrainian string `json:"title_uk"`
	TitleEnglish   string `json:"title_en"`
}

type detailTypeRow struct {
	Type           string `db:"type"`
	TitleUkrainian string `db:"title_uk"`
	TitleEnglish   string `db:"title_en"`
	IsOpen         bool   `db:"is_open"`
	WithoutUser    bool   `db:"without_user"`
	Fields         string `db:"fields"`
}

// ListDetailTypes reads the types in the order of their names.
func (s *detailTypeStore) ListDetailTypes(ctx context.Context) ([]DetailType, error) {
	var rows []detailTypeRow
	err := s.selectAll(ctx, &rows, `
SELECT type, title_uk, title_en, is_open, without_user, fields FROM authorization_details_types ORDER BY type`)
	if err != nil {
		return nil, err
	}
	types := make([]DetailType, len(rows))
	for i, r := range rows {
		types[i] = DetailType{
			Type: r.Type, TitleUkrainian: r.TitleUkrainian, TitleEnglish: r.TitleEnglish, IsOpen: r.IsOpen,
			WithoutUser: r.WithoutUser,
		}
		if err := json.Unmarshal([]byte(r.Fields), &types[i].Fields); err != nil {
			return nil, fmt.Errorf("storage: fields of the type %s: %w", r.Type, err)
		}
	}
	return types, nil
}

// PutDetailType stores a type, over one of the same name. Whether it is right is for provider/details to say.
func (s *detailTypeStore) PutDetailType(ctx context.Context, t DetailType) error {
	fields, err := json.Marshal(append([]DetailField{}, t.Fields...))
	if err != nil {
		return fmt.Errorf("storage: fields of the type %s: %w", t.Type, err)
	}
	ctx = changing(ctx, EventDetailTypePut, detailTypeSubject, t.Type)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return write(ctx, tx, `
INSERT INTO authorization_details_types (type, title_uk, title_en, is_open, without_user, fields)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (type) DO UPDATE SET title_uk = excluded.title_uk, title_en = excluded.title_en,
       is_open = excluded.is_open, without_user = excluded.without_user, fields = excluded.fields`,
			t.Type, t.TitleUkrainian, t.TitleEnglish, t.IsOpen, t.WithoutUser, string(fields))
	})
}

// DeleteDetailType removes a type. What was granted of it is in no token that is issued from then on. ErrNotFound:
// there is none.
func (s *detailTypeStore) DeleteDetailType(ctx context.Context, name string) error {
	ctx = changing(ctx, EventDetailTypeDeleted, detailTypeSubject, name)
	return s.changeConfiguration(ctx, func(tx *sqlx.Tx) error {
		return writeRow(ctx, tx, `DELETE FROM authorization_details_types WHERE type = $1`, name)
	})
}
