package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"ithildin/cmd/ithildin/internal/administration"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/cmd/ithildin/internal/database"
	"ithildin/provider/clientauth"
	"ithildin/provider/redirect"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// clientFields are the flags that client create and client update share. A flag that is not given changes nothing.
type clientFields struct {
	Name        string            `help:"Name on the consent page."`
	Type        *string           `placeholder:"NAME" help:"Client type, which limits the scopes."`
	Scope       []string          `sep:" " help:"Scopes that it may request, in one argument or several."`
	GrantType   []string          `placeholder:"GRANT,…" enum:"${grants}" help:"@grant_type"`
	AuthMethod  string            `placeholder:"METHOD" help:"@auth_method"`
	Audience    []string          `placeholder:"AUDIENCE" help:"Audiences that it may request; the first is the default."`
	DetailsType []string          `placeholder:"TYPE" help:"@details_type"`
	CORSOrigin  []string          `name:"cors-origin" placeholder:"ORIGIN" help:"@cors_origin"`
	IDTokenAlg  *string           `name:"id-token-alg" placeholder:"ALG" enum:"${token_algs}" help:"@id_token_alg"`
	AccessAlg   *string           `name:"access-token-alg" placeholder:"ALG" enum:"${token_algs}" help:"@access_alg"`
	Profile     string            `placeholder:"PROFILE" enum:",${profiles}" default:"" help:"@profile"`
	For         string            `placeholder:"API" enum:",spring" default:"" help:"@for"`
	Policy      map[string]string `placeholder:"NAME=VALUE" help:"@policy"`
	clientSettingFields
	clientMetadataFields
	clientAssertionFields
	clientCertificateFields
}

// apply changes the client as the flags say.
func (f clientFields) apply(ctx context.Context, admin administration.Administration, c *storage.Client) error {
	// The profile comes before the flags that must keep to it, and behind what tokens are bound to: that is a key where
	// nothing else is said.
	f.clientCertificateFields.apply(&c.Metadata)
	if f.Profile != "" {
		if err := c.ApplyProfile(f.Profile); err != nil {
			return &console.UsageError{Cause: err}
		}
	}
	if f.Name != "" {
		c.Name = f.Name
	}
	if f.Type != nil {
		typeID, err := findClientTypeID(ctx, admin, *f.Type)
		if err != nil {
			return err
		}
		c.TypeID = typeID
	}
	replaceList(&c.Scope, splitScope(f.Scope))
	if err := f.applyMetadata(&c.Metadata); err != nil {
		return err
	}
	if err := f.clientSettingFields.apply(c); err != nil {
		return err
	}
	if f.For == "spring" {
		c.Policy.AccessTokenTyp = storage.AccessTokenTypJWT
	}
	policy, err := changePolicy(c.Policy, f.Policy)
	if err != nil {
		return &console.UsageError{Cause: err}
	}
	c.Policy = policy
	return nil
}

func (f clientFields) applyMetadata(m *storage.Metadata) error {
	f.clientMetadataFields.apply(m, f.GrantType)
	replaceList(&m.Audience, f.Audience)
	replaceList(&m.AuthorizationDetailsTypes, f.DetailsType)
	replaceList(&m.AllowedCORSOrigins, f.CORSOrigin)
	replaceText(&m.IDTokenSignedResponseAlg, f.IDTokenAlg)
	replaceText(&m.AccessTokenSigningAlg, f.AccessAlg)
	return f.clientAssertionFields.apply(m, f.AuthMethod)
}

// findClientTypeID returns the id of the client type of a name; for the name "" it returns "", which removes the type
// of a client.
func findClientTypeID(ctx context.Context, admin administration.Administration, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	clientType, err := admin.FindClientTypeByName(ctx, name)
	if err != nil {
		return "", database.Explain(err, "client type "+name)
	}
	return clientType.ID, nil
}

// replaceList puts the values of a flag in place of a list. nil is a flag that was not given; one that was given empty
// (”) empties the list.
func replaceList(list *[]string, given []string) {
	if given != nil {
		*list = slices.DeleteFunc(slices.Clone(given), func(value string) bool { return value == "" })
	}
}

// replaceText replaces a text by the value of a flag; nil is a flag that was not given.
func replaceText(value *string, given *string) {
	if given != nil {
		*value = *given
	}
}

func readPublicKeys(path string) (*jose.JSONWebKeySet, error) {
	content, err := console.ReadFile(path, nil)
	if err != nil {
		return nil, &console.UsageError{Cause: err}
	}
	keys, err := clientauth.ParseKeySet(content)
	if err != nil || len(keys.Keys) == 0 {
		return nil, &console.UsageError{Cause: fmt.Errorf("%s is no JSON Web Key Set", path)}
	}
	for _, key := range keys.Keys {
		if !key.IsPublic() {
			return nil, &console.UsageError{Cause: fmt.Errorf("%s holds a private or symmetric key: the client keeps that",
				path)}
		}
	}
	return keys, nil
}

// changePolicy sets single policies by their JSON names; those that are numbers or truth values take such.
func changePolicy(policy storage.Policy, changes map[string]string) (storage.Policy, error) {
	encoded, err := json.Marshal(policy)
	if err != nil {
		return policy, err
	}
	fields := map[string]any{}
	if err := json.Unmarshal(encoded, &fields); err != nil {
		return policy, err
	}
	for name, item := range changes {
		var want string
		switch fields[name].(type) {
		case nil:
			return policy, fmt.Errorf("there is no policy %q: want one of %s", name,
				strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		case bool:
			want = "true or false"
			fields[name], err = strconv.ParseBool(item)
		case float64:
			want = "a whole number, of seconds"
			fields[name], err = strconv.ParseInt(item, 10, 64)
		default:
			fields[name] = item
		}
		if err != nil {
			return policy, fmt.Errorf("policy %s can't be %q: want %s", name, item, want)
		}
	}
	if encoded, err = json.Marshal(fields); err != nil {
		return policy, err
	}
	if err := json.Unmarshal(encoded, &policy); err != nil {
		return policy, err
	}
	return policy, policy.Validate()
}

// checkClient names everything about a new client that the provider could not serve.
func checkClient(c *storage.Client) error {
	var wrong []error
	if err := registration.ValidateClientID(c.ID); err != nil {
		wrong = append(wrong, err)
	}
	if c.Name == "" {
		wrong = append(wrong, errors.New("--name is required"))
	}
	if c.OwnerID != "" && uuid.Validate(c.OwnerID) != nil {
		wrong = append(wrong, fmt.Errorf("--owner-id %q is no UUID", c.OwnerID))
	}
	if err := registration.ValidateClient(c, registration.Rules{}); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return &console.UsageError{Cause: errors.Join(wrong...)}
	}
	return nil
}

// checkClientChange is checkClient for a client that is stored: it judges what the change makes of it and not what
// was so before, such as a member that an import brought.
func checkClientChange(before, after *storage.Client) error {
	var wrong []error
	if after.Name == "" && before.Name != "" {
		wrong = append(wrong, errors.New("--name can't be empty"))
	}
	if err := registration.ValidateClientChange(before, after, registration.Rules{}); err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return &console.UsageError{Cause: errors.Join(wrong...)}
	}
	return nil
}

// checkText checks the length and the characters of a text that people read.
func checkText(name, value string) error {
	if err := registration.ValidateText(value); err != nil {
		return &console.UsageError{Cause: fmt.Errorf("%s %w", name, err)}
	}
	return nil
}

func checkRedirectURIs(uris []string) error {
	var wrong []error
	for _, uri := range uris {
		if err := redirect.Validate(uri); err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return &console.UsageError{Cause: errors.Join(wrong...)}
	}
	return nil
}
