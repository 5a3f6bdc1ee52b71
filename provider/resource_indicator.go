package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

// parameterResource names a resource that an access token is to be for (RFC 8707 2). It may come several times.
const parameterResource = "resource"

// maximumResources is how many resources a request may name.
const maximumResources = 10

// target is what an access token is for (RFC 8707), and what follows from that.
type target struct {
	// audience are the resources by name: those of the parameter resource, and those of audience, which says the same
	// without a rule for what it names. Empty: none was named, and the token is for the default of its client.
	audience []string
	// resources are those of the audience that are registered, or the one that is the client's default.
	resources []storage.Resource
}

// readResources returns the resources that a request names, each once.
func readResources(form url.Values) ([]string, error) {
	named := form[parameterResource]
	if len(named) > maximumResources {
		return nil, invalidTarget(fmt.Sprintf("The request names %d resources: want %d at most.", len(named),
			maximumResources))
	}
	for _, identifier := range named {
		if err := storage.ValidateResourceURI(identifier); err != nil {
			return nil, invalidTarget(fmt.Sprintf(
				"The resource %.100q is none: want an absolute URI without a fragment, of %d bytes at most.", identifier,
				storage.MaximumResource)).Because(err)
		}
	}
	return oauth.Union(nil, named), nil
}

// invalidTarget is the error of a resource that the client may not ask for, or not any more (RFC 8707 2).
func invalidTarget(description string) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidTarget, description)
}

// targets decides which resources a client may ask for: those that the operator gave it (Metadata.Audience), the open
// ones, and what its tokens are for anyway.
type targets struct {
	client     *storage.Client
	defaults   []string // what a token is for that was asked for without a resource
	registered []storage.Resource
}

// findTargets reads the registered resources, which are in memory as a rule. What one of them says of its tokens holds
// too where the request names none and the client's default is that resource.
func findTargets(
	ctx context.Context, store *storage.Store, issuer string, client *storage.Client,
) (t targets, err error) {
	t = targets{client: client, defaults: audienceOf(issuer, client, nil)}
	t.registered, err = store.Resources(ctx)
	return t, err
}

// allows says whether the client may ask for a resource.
func (t targets) allows(identifier string) bool {
	return slices.Contains(t.client.Metadata.Audience, identifier) || slices.Contains(t.defaults, identifier) ||
		slices.ContainsFunc(t.registered, func(r storage.Resource) bool { return r.IsOpen && r.Identifier == identifier })
}

// check refuses the first resource that the client may not ask for.
func (t targets) check(named []string) error {
	for _, identifier := range named {
		if !t.allows(identifier) {
			return invalidTarget(fmt.Sprintf("The client may not ask for the resource %.100q.", identifier))
		}
	}
	return nil
}

// narrow returns what a token may be for of that what was granted before and is named now; nothing named: all of it. It
// never widens: a grant for the default of its client stays one, and one of which nothing is left is refused.
func (t targets) narrow(granted, named []string) ([]string, error) {
	left := slices.DeleteFunc(slices.Clone(granted), func(identifier string) bool { return !t.allows(identifier) })
	if len(granted) > 0 && len(left) == 0 {
		return nil, invalidTarget("The client may no longer ask for any of the resources that were granted.")
	}
	if len(named) == 0 {
		return left, nil
	}
	within := left
	if len(granted) == 0 {
		within = t.defaults
	}
	for _, identifier := range named {
		if !slices.Contains(within, identifier) {
			return nil, invalidTarget(fmt.Sprintf("The resource %.100q is none of those that were granted.", identifier))
		}
	}
	return named, nil
}

// target is that of an audience.
func (t targets) target(audience []string) target {
	effective := audience
	if len(effective) == 0 {
		effective = t.defaults
	}
	result := target{audience: audience}
	for _, r := range t.registered {
		if slices.Contains(effective, r.Identifier) {
			result.resources = append(result.resources, r)
		}
	}
	return result
}

// knowsAnyScope says that the target leaves the scope as it was granted: no resource was named, or one of them is not
// registered or says nothing of scopes.
func (t target) knowsAnyScope() bool {
	return len(t.audience) == 0 || len(t.resources) < len(t.audience) ||
		slices.ContainsFunc(t.resources, func(r storage.Resource) bool { return len(r.Scope) == 0 })
}

// scope is that of an access token: what was granted, as far as one of the resources knows it.
func (t target) scope(granted []string) []string {
	if t.knowsAnyScope() {
		return granted
	}
	return slices.DeleteFunc(slices.Clone(granted), func(name string) bool {
		return !slices.ContainsFunc(t.resources, func(r storage.Resource) bool { return slices.Contains(r.Scope, name) })
	})
}

// lifetime is that of an access token: the shortest that the client's policy and the resources say.
func (t target) lifetime(policy storage.Policy) time.Duration {
	shortest := policy.AccessLifetime
	for _, r := range t.resources {
		if r.AccessLifetime > 0 {
			shortest = min(shortest, r.AccessLifetime)
		}
	}
	return shortest
}

// isOpaque says whether an access token is opaque: where one of the resources wants that, or all leave it to the policy
// of the client, which says so.
func (t target) isOpaque(policy storage.Policy) bool {
	opaque := policy.AccessToken == storage.AccessTokenOpaque
	for _, r := range t.resources {
		switch r.AccessTokenFormat {
		case storage.AccessTokenOpaque:
			return true
		case storage.AccessTokenJWT:
			opaque = false
		}
	}
	return opaque
}

// shown is what the consent page says of the resources that were named; one that is not registered has no title.
func (t target) shown() []storage.Resource {
	list := make([]storage.Resource, len(t.audience))
	for i, identifier := range t.audience {
		list[i].Identifier = identifier
		for _, r := range t.resources {
			if r.Identifier == identifier {
				list[i] = r
			}
		}
	}
	return list
}

// resolveTarget settles what the access token of a token request is for, once fosite has found nothing wrong with it.
func (i *issuance) resolveTarget(
	ctx context.Context, store *storage.Store, issuer string, form url.Values, audience []string,
) error {
	named, err := readResources(form)
	if err != nil {
		return err
	}
	session := i.grantedSession()
	known, err := findTargets(ctx, store, issuer, i.client)
	if err != nil {
		return err
	}
	var granted []string
	if session != nil {
		granted = session.Audience
	} else { // the client's own token: what it names, it is granted
		granted, named = oauth.Union(audience, named), nil
		if err := known.check(granted); err != nil {
			return err
		}
	}
	left, err := known.narrow(granted, named)
	if err != nil {
		return err
	}
	i.target = known.target(left)
	return nil
}

// resolveTarget settles which resources an authorization request asks for, besides those of its parameter audience,
// which fosite has checked.
func (e *authorizeEndpoint) resolveTarget(ctx context.Context, a *authorization, audience []string) error {
	named, err := readResources(a.form)
	if err != nil {
		return err
	}
	audience = oauth.Union(audience, named)
	known, err := findTargets(ctx, e.store, e.issuer, a.client)
	if err != nil {
		return err
	}
	if err := known.check(audience); err != nil {
		return err
	}
	a.issuance.target = known.target(audience)
	return nil
}
