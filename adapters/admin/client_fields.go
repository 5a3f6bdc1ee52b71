package admin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"ithildin/provider/clientauth"
	"ithildin/provider/redirect"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// NewClient is what a client is created with.
type NewClient struct {
	ID           string         `json:"client_id,omitempty" maxLength:"255" doc:"Left out, a UUID is made."`
	Name         string         `json:"name" minLength:"1" maxLength:"500" doc:"The name on the consent page."`
	Preset       string         `json:"preset,omitempty" enum:"standard,ehealth,mithril" default:"standard" doc:"The policies that it begins with."`
	ClientTypeID string         `json:"client_type_id,omitempty" format:"uuid"`
	OwnerID      string         `json:"owner_id,omitempty" format:"uuid"`
	Scope        []string       `json:"scope,omitempty" maxItems:"500" doc:"The scopes that it may request."`
	AccessType   string         `json:"access_type,omitempty" enum:"DIRECT,BROKER"`
	BrokerScope  []string       `json:"broker_scope,omitempty" maxItems:"500" doc:"Scopes that clients with the access type BROKER may use through it."`
	LoginGrants  []string       `json:"login_grant_types,omitempty" enum:"password,digital_signature" maxItems:"2" doc:"How people may sign in to it by the login API."`
	ConnectionID string         `json:"connection_id,omitempty" format:"uuid" doc:"Of its first connection; left out, one is made."`
	RedirectURIs []string       `json:"redirect_uris,omitempty" maxItems:"100" doc:"Of its first connection."`
	Secret       string         `json:"secret,omitempty" maxLength:"512" doc:"Its secret; left out, one is made."`
	Profile      string         `json:"profile,omitempty" enum:"baseline,oauth21,fapi2,fapi2-message-signing,fapi1-advanced" default:"baseline" doc:"The security profile, which sets what it demands and refuses what breaks it."`
	Metadata     map[string]any `json:"metadata,omitempty" doc:"Under the names of RFC 7591 and OpenID Connect; default: authorization_code and refresh_token with client_secret_basic."`
	Policy       map[string]any `json:"policy,omitempty" doc:"Policies that differ from those of the preset."`
}

// ClientChange is what of a client is to be changed.
type ClientChange struct {
	Name         *string        `json:"name,omitempty" minLength:"1" maxLength:"500"`
	ClientTypeID *string        `json:"client_type_id,omitempty" maxLength:"36" doc:"An empty text removes it."`
	OwnerID      *string        `json:"owner_id,omitempty" maxLength:"36" doc:"An empty text removes it."`
	Scope        *[]string      `json:"scope,omitempty" maxItems:"500"`
	AccessType   *string        `json:"access_type,omitempty" enum:"DIRECT,BROKER"`
	BrokerScope  *[]string      `json:"broker_scope,omitempty" maxItems:"500"`
	LoginGrants  *[]string      `json:"login_grant_types,omitempty" enum:"password,digital_signature" maxItems:"2"`
	Metadata     map[string]any `json:"metadata,omitempty"`
	Preset       string         `json:"preset,omitempty" enum:"standard,ehealth,mithril" doc:"Replaces all policies by those of a preset, before policy is applied."`
	Policy       map[string]any `json:"policy,omitempty"`
}

// apply changes a client as the members say that are there.
func (c ClientChange) apply(client *storage.Client) error {
	if c.Name != nil {
		client.Name = *c.Name
	}
	if c.ClientTypeID != nil {
		client.TypeID = *c.ClientTypeID
	}
	if c.OwnerID != nil {
		client.OwnerID = *c.OwnerID
	}
	if c.Scope != nil {
		client.Scope = *c.Scope
	}
	if err := c.applySettings(client); err != nil {
		return conflict("The legacy settings of the client are not a JSON object.")
	}
	if err := overlay("body.metadata", &client.Metadata, c.Metadata, metadataNames()); err != nil {
		return err
	}
	if c.Preset != "" {
		policy, err := storage.NewPolicy(c.Preset)
		if err != nil {
			return invalid("body.preset", err.Error(), c.Preset)
		}
		client.Policy = policy
	}
	policies := sortedKeys(asObject(client.Policy))
	if err := overlay("body.policy", &client.Policy, c.Policy, policies); err != nil {
		return err
	}
	if err := client.Policy.Validate(); err != nil {
		return invalid("body.policy", err.Error(), nil)
	}
	return nil
}

// applySettings changes what the eHealth API and the gateway ask about a client.
func (c ClientChange) applySettings(client *storage.Client) error {
	if c.AccessType != nil {
		if err := client.SetAccessType(*c.AccessType); err != nil {
			return err
		}
	}
	if c.BrokerScope != nil {
		if err := client.SetBrokerScope(strings.Join(*c.BrokerScope, " ")); err != nil {
			return err
		}
	}
	if c.LoginGrants == nil {
		return nil
	}
	return client.SetSignInGrantTypes(*c.LoginGrants)
}

// overlay replaces members of what is stored as a JSON object; null removes one.
func overlay[T any](location string, to *T, changes map[string]any, known []string) error {
	if len(changes) == 0 {
		return nil
	}
	object := asObject(*to)
	for _, name := range sortedKeys(changes) {
		switch {
		case !slices.Contains(known, name):
			return invalid(location+"."+name, "unknown member; "+listKnown(slices.Clone(known)), nil)
		case changes[name] == nil:
			delete(object, name)
		default:
			object[name] = changes[name]
		}
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return invalid(location, "is no JSON object", nil)
	}
	var changed T
	if err := json.NewDecoder(bytes.NewReader(encoded)).Decode(&changed); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) && mismatch.Field != "" {
			return invalid(location+"."+mismatch.Field, fmt.Sprintf("is a %s", mismatch.Value), nil)
		}
		return invalid(location, "has a member of the wrong kind", nil)
	}
	*to = changed
	return nil
}

func sortedKeys(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// metadataNames are the names of client metadata.
func metadataNames() []string {
	var names []string
	for field := range reflect.TypeFor[storage.Metadata]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// clientOf is the client that a body describes, with one connection that has no secret yet.
func (a clients) clientOf(n NewClient) (*storage.Client, error) {
	id := n.ID
	if id == "" {
		id = a.store.NewID() // until create says which
	}
	if err := registration.ValidateClientID(id); err != nil {
		return nil, invalid("body.client_id", err.Error(), n.ID)
	}
	client, err := storage.NewClient(id, n.Preset, a.store.Now())
	if err != nil {
		return nil, invalid("body.preset", err.Error(), n.Preset)
	}
	if err := client.ApplyProfile(cmp.Or(n.Profile, storage.ProfileBaseline)); err != nil {
		return nil, invalid("body.profile", err.Error(), n.Profile)
	}
	change := ClientChange{
		Name: &n.Name, ClientTypeID: &n.ClientTypeID, OwnerID: &n.OwnerID, Scope: &n.Scope, Metadata: n.Metadata,
		Policy: n.Policy,
	}
	accessType := cmp.Or(n.AccessType, storage.DefaultAccessType(n.Preset))
	change.AccessType = &accessType
	if n.BrokerScope != nil {
		change.BrokerScope = &n.BrokerScope
	}
	if n.LoginGrants != nil {
		change.LoginGrants = &n.LoginGrants
	}
	if err := change.apply(&client); err != nil {
		return nil, err
	}
	if err := checkRedirectURIs("body.redirect_uris", n.RedirectURIs); err != nil {
		return nil, err
	}
	if len(n.RedirectURIs) == 0 && slices.Contains(client.Metadata.GrantTypes, "authorization_code") {
		return nil, invalid("body.redirect_uris", "are needed for the grant type authorization_code", nil)
	}
	connectionID := cmp.Or(strings.ToLower(n.ConnectionID), a.store.NewID())
	client.Connections = []*storage.Connection{
		storage.NewConnection(connectionID, id, n.Preset, n.RedirectURIs, a.store.Now()),
	}
	return &client, metadataProblem(registration.ValidateClient(&client, registration.Rules{}))
}

// checkClientChange judges what a change makes of a client, and not what was so before.
func checkClientChange(before, after *storage.Client) error {
	if err := registration.ValidateClientChange(before, after, registration.Rules{}); err != nil {
		return metadataProblem(err)
	}
	if id := clientauth.ConnectionWithoutSealedSecret(after); id != "" {
		return invalid("body.metadata.token_endpoint_auth_method",
			"needs secrets that the server can read: connection "+id+" has none; give it a new one first", nil)
	}
	return nil
}

// metadataProblem words everything that is wrong with the metadata of a client.
func metadataProblem(err error) error {
	if err == nil {
		return nil
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	problem := newProblem(http.StatusUnprocessableEntity, "The client cannot be served as it is described.")
	for _, fault := range faults {
		detail := ProblemDetail{Message: fault.Error(), Location: "body"}
		var of *registration.MetadataError
		if errors.As(fault, &of) {
			detail = ProblemDetail{Message: of.Problem, Location: "body." + locationOf(of.Member)}
		}
		problem.Errors = append(problem.Errors, detail)
	}
	return problem
}

// locationOf is where a body has a member of the metadata.
func locationOf(member string) string {
	switch {
	case member == "client_name":
		return "name"
	case member == "scope", member == "redirect_uris", strings.HasPrefix(member, "policy."):
		return member
	}
	return "metadata." + member
}

func checkRedirectURIs(location string, uris []string) error {
	for i, uri := range uris {
		if err := redirect.Validate(uri); err != nil {
			return invalid(fmt.Sprintf("%s[%d]", location, i), err.Error(), uri)
		}
	}
	return nil
}

// knowTypeAndOwner refuses a client type and an owner that do not exist, and puts the scope of the type into the
// client.
func (a clients) knowTypeAndOwner(ctx context.Context, client *storage.Client) error {
	client.TypeName, client.TypeScope = "", nil
	if client.TypeID != "" {
		kind, err := a.findClientType(ctx, client.TypeID)
		if errors.Is(err, storage.ErrNotFound) {
			return invalid("body.client_type_id", "there is no such client type", client.TypeID)
		}
		if err != nil {
			return err
		}
		client.TypeName, client.TypeScope = kind.Name, kind.Scope
	}
	if client.OwnerID == "" {
		return nil
	}
	_, err := a.store.FindUser(ctx, client.OwnerID)
	if errors.Is(err, storage.ErrNotFound) {
		return invalid("body.owner_id", "there is no such user", client.OwnerID)
	}
	return err
}

func (a clients) findClientType(ctx context.Context, id string) (*storage.ClientType, error) {
	types, err := a.store.ListClientTypes(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(types, func(t storage.ClientType) bool { return strings.EqualFold(t.ID, id) })
	if i < 0 {
		return nil, storage.ErrNotFound
	}
	return &types[i], nil
}
