package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/details"
	"ithildin/storage"
)

type detailsTypeCommand struct {
	List   detailsTypeListCommand   `cmd:"" help:"List the types."`
	Put    detailsTypePutCommand    `cmd:"" help:"Add a type, or replace the one of that name."`
	Delete detailsTypeDeleteCommand `cmd:"" help:"Delete a type."`
}

type detailsTypeListCommand struct {
	config.TargetFlags
	console.FormatFlag
}

// Help shows how the verb is used.
func (detailsTypeListCommand) Help() string {
	return `Example:

    ithildin details-type list --format json`
}

type detailsTypeRow struct {
	Type           string          `json:"type"`
	IsOpen         bool            `json:"is_open"`
	WithoutUser    bool            `json:"without_user"`
	TitleUkrainian string          `json:"title_uk"`
	TitleEnglish   string          `json:"title_en"`
	Fields         json.RawMessage `json:"fields"`
}

// Run prints the types in the order of their names.
func (c *detailsTypeListCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		types, err := admin.ListDetailTypes(ctx)
		if err != nil {
			return err
		}
		rows := []detailsTypeRow{}
		for _, t := range types {
			fields, err := json.Marshal(append([]storage.DetailField{}, t.Fields...))
			if err != nil {
				return err
			}
			rows = append(rows, detailsTypeRow{
				t.Type, t.IsOpen, t.WithoutUser, t.TitleUkrainian, t.TitleEnglish, fields,
			})
		}
		return console.PrintRows(terminal.Out, c.FormatFlag, rows)
	})
}

type detailsTypePutCommand struct {
	Type        string `arg:"" help:"Name, as clients use it."`
	TitleUK     string `name:"title-uk" required:"" help:"Title on the consent page in Ukrainian."`
	TitleEN     string `name:"title-en" required:"" help:"Title on the consent page in English."`
	FieldsFile  string `required:"" placeholder:"FILE" help:"@details_fields_file"`
	Open        bool   `help:"Let every client use it."`
	WithoutUser bool   `help:"Let clients have such details on their own behalf (client_credentials)."`
	config.TargetFlags
}

// Help shows how the verb is used.
func (detailsTypePutCommand) Help() string {
	return `Unless it is open, a client may use a type that it was given:
ithildin client update ID --details-type TYPE.

Example:

    ithildin details-type put payment --title-uk Платіж --title-en Payment --fields-file payment.json`
}

// Run stores the type; running servers learn of it within a second.
func (c *detailsTypePutCommand) Run(ctx context.Context, terminal console.Terminal) error {
	content, err := console.ReadFile(c.FieldsFile, terminal.In)
	if err != nil {
		return &console.UsageError{Cause: err}
	}
	t := storage.DetailType{
		Type: c.Type, TitleUkrainian: c.TitleUK, TitleEnglish: c.TitleEN, IsOpen: c.Open, WithoutUser: c.WithoutUser,
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t.Fields); err != nil {
		return &console.UsageError{Cause: fmt.Errorf("%s is no JSON list of fields: %w", c.FieldsFile, err)}
	}
	if err := details.ValidateType(t); err != nil {
		return &console.UsageError{Cause: err}
	}
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		return admin.PutDetailType(ctx, t)
	})
}

type detailsTypeDeleteCommand struct {
	Type string `arg:"" help:"Name."`
	console.ConfirmFlag
	config.TargetFlags
}

// Help shows how the verb is used.
func (detailsTypeDeleteCommand) Help() string {
	return `What was granted of the type is in no token that is issued from then on.

Example:

    ithildin details-type delete payment`
}

// Run deletes the type.
func (c *detailsTypeDeleteCommand) Run(ctx context.Context, terminal console.Terminal) error {
	return administration.With(ctx, c.TargetFlags, func(admin administration.Administration) error {
		if err := c.Confirm(terminal, "Delete the type %s?", c.Type); err != nil {
			return err
		}
		return database.Explain(admin.DeleteDetailType(ctx, c.Type), "type "+c.Type)
	})
}
