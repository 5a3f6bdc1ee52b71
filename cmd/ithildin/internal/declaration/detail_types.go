package declaration

import (
	"context"
	"fmt"

	"ithildin/provider/details"
	"ithildin/storage"
)

// detailType is a type of authorization details, under the names of details-type list.
type detailType struct {
	Type           string                `json:"type"`
	TitleUkrainian string                `json:"title_uk"`
	TitleEnglish   string                `json:"title_en"`
	IsOpen         bool                  `json:"is_open"`
	WithoutUser    bool                  `json:"without_user"`
	Fields         []storage.DetailField `json:"fields"`
}

// compareDetailTypes plans the types, and returns the removal of those that are not declared.
func (c *comparison) compareDetailTypes(ctx context.Context) ([]change, error) {
	stored, err := c.admin.ListDetailTypes(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]detailType{}
	for _, t := range stored {
		current[t.Type] = detailType(t)
	}
	declared := map[string]bool{}
	for _, entry := range c.file.DetailTypes {
		name, err := c.named(declared, entry, "authorization_details_types", "type")
		if err != nil {
			return nil, err
		}
		before, known := current[name]
		after := before
		after.Fields = nil // a list replaces the whole list, down to the members of its entries
		if err := decode(entry, &after); err != nil {
			return nil, fmt.Errorf("type %s: %w", name, err)
		}
		if after.Fields == nil {
			after.Fields = before.Fields
		}
		if err := details.ValidateType(storage.DetailType(after)); err != nil {
			return nil, fmt.Errorf("type %s: %w", name, err)
		}
		members, err := differences(before, after)
		if err != nil {
			return nil, err
		}
		c.add(change{createOrUpdate(known), "type", name, members, func(ctx context.Context) (*Secret, error) {
			return nil, c.admin.PutDetailType(ctx, storage.DetailType(after))
		}})
	}
	return prunable(c, c.file.DetailTypes != nil, "type", stored, func(t storage.DetailType) (string, bool) {
		return t.Type, !declared[t.Type]
	}, func(ctx context.Context, t storage.DetailType) error { return c.admin.DeleteDetailType(ctx, t.Type) }), nil
}
