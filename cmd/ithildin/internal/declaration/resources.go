package declaration

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// resource is an API that access tokens may be for, under the names of resource list.
type resource struct {
	Identifier        string   `json:"identifier"`
	TitleUkrainian    string   `json:"title_uk"`
	TitleEnglish      string   `json:"title_en"`
	Scope             []string `json:"scope"`
	IsOpen            bool     `json:"is_open"`
	ClientID          string   `json:"client_id"`
	AccessTokenFormat string   `json:"access_token_format"`
	AccessLifetime    int64    `json:"access_lifetime"` // seconds
}

func resourceView(r storage.Resource) resource {
	return resource{
		r.Identifier, r.TitleUkrainian, r.TitleEnglish, append([]string{}, r.Scope...), r.IsOpen, r.ClientID,
		r.AccessTokenFormat, int64(r.AccessLifetime / time.Second),
	}
}

func (r resource) stored() storage.Resource {
	return storage.Resource{
		Identifier: r.Identifier, TitleUkrainian: r.TitleUkrainian, TitleEnglish: r.TitleEnglish, Scope: r.Scope,
		IsOpen: r.IsOpen, ClientID: r.ClientID, AccessTokenFormat: r.AccessTokenFormat,
		AccessLifetime: time.Duration(r.AccessLifetime) * time.Second,
	}
}

// checkTitles refuses titles that a page could not show.
func checkTitles(inUkrainian, inEnglish string) error {
	var problems []error
	for member, title := range map[string]string{"title_uk": inUkrainian, "title_en": inEnglish} {
		if err := registration.ValidateText(title); err != nil || title == "" {
			problems = append(problems, fmt.Errorf("%s %w", member, cmp.Or(err, errors.New("is required"))))
		}
	}
	return errors.Join(problems...)
}

// compareResources plans the resources, after the clients that they name, and returns the removal of those that are not
// declared.
func (c *comparison) compareResources(ctx context.Context) ([]change, error) {
	stored, err := c.admin.ListResources(ctx)
	if err != nil {
		return nil, err
	}
	current := map[string]resource{}
	for _, r := range stored {
		current[r.Identifier] = resourceView(r)
	}
	declared := map[string]bool{}
	for _, entry := range c.file.Resources {
		identifier, err := c.named(declared, entry, "resources", "identifier")
		if err != nil {
			return nil, err
		}
		before, known := current[identifier]
		after, err := copyOf(before)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(
			decode(entry, after), after.stored().Validate(), checkTitles(after.TitleUkrainian, after.TitleEnglish),
			c.knowScopes(after.Scope),
		); err != nil {
			return nil, fmt.Errorf("resource %s: %w", identifier, err)
		}
		members, err := differences(before, *after)
		if err != nil {
			return nil, err
		}
		c.add(change{createOrUpdate(known), "resource", identifier, members, func(ctx context.Context) (*Secret, error) {
			return nil, c.admin.PutResource(ctx, after.stored())
		}})
	}
	return prunable(c, c.file.Resources != nil, "resource", stored, func(r storage.Resource) (string, bool) {
		return r.Identifier, !declared[r.Identifier]
	}, func(ctx context.Context, r storage.Resource) error { return c.admin.DeleteResource(ctx, r.Identifier) }), nil
}
