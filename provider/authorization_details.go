package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ithildin/provider/details"
	"ithildin/provider/login"
	"ithildin/provider/oauth"
	"ithildin/storage"
)

// parameterDetails says what a client asks for beside scopes, as a JSON list of objects (RFC 9396 2).
const parameterDetails = "authorization_details"

// invalidDetails is the error of RFC 9396 5.
func invalidDetails(description string) *oauth.Error {
	return oauth.NewError(http.StatusBadRequest, oauth.CodeInvalidAuthorizationDetails, description)
}

// detailTypes decides which authorization details a client may have.
type detailTypes struct {
	client  *storage.Client
	targets targets
	types   []storage.DetailType
}

// find returns the type of a detail, nil where there is none of that name or the client may not use it.
func (d detailTypes) find(name string) *storage.DetailType {
	i := slices.IndexFunc(d.types, func(t storage.DetailType) bool { return t.Type == name })
	if i < 0 || !d.types[i].IsOpen && !slices.Contains(d.client.Metadata.AuthorizationDetailsTypes, name) {
		return nil
	}
	return &d.types[i]
}

// check says what keeps the client from having a detail.
func (d detailTypes) check(detail details.Detail) error {
	of := d.find(detail.Type())
	if of == nil {
		return fmt.Errorf("the client may not use the type %.60q", detail.Type())
	}
	if err := details.Check(detail, *of); err != nil {
		return fmt.Errorf("of the type %q: %w", of.Type, err)
	}
	for _, location := range detail.Locations() {
		if !d.targets.allows(location) {
			return fmt.Errorf("of the type %q: the client may not ask for the location %.100q", of.Type, location)
		}
	}
	return nil
}

// checkAll refuses the first detail that the client may not have.
func (d detailTypes) checkAll(list []details.Detail) error {
	for i, detail := range list {
		if err := d.check(detail); err != nil {
			return invalidDetails(fmt.Sprintf("Element %d of the authorization_details: %v.", i+1, err))
		}
	}
	return nil
}

// readDetails reads the parameter, nil where there is none.
func readDetails(form url.Values) ([]details.Detail, error) {
	if !form.Has(parameterDetails) {
		return nil, nil
	}
	list, err := details.Read(form.Get(parameterDetails))
	if err != nil {
		return nil, invalidDetails("The authorization_details are wrong: " + err.Error() + ".")
	}
	return list, nil
}

// findDetailTypes reads what the decision about details needs; all of it is from memory as a rule.
func findDetailTypes(
	ctx context.Context, store *storage.Store, issuer string, client *storage.Client,
) (detailTypes, error) {
	types, err := store.DetailTypes(ctx)
	if err != nil {
		return detailTypes{}, err
	}
	known, err := findTargets(ctx, store, issuer, client)
	return detailTypes{client: client, targets: known, types: types}, err
}

// resolveDetails settles which authorization details a request asks for.
func (e *authorizeEndpoint) resolveDetails(ctx context.Context, a *authorization) error {
	list, err := readDetails(a.form)
	if err != nil || len(list) == 0 {
		return err
	}
	if a.detailTypes, err = findDetailTypes(ctx, e.store, e.issuer, a.client); err != nil {
		return err
	}
	if err := a.detailTypes.checkAll(list); err != nil {
		return err
	}
	a.details, a.issuance.details = list, a.issuance.target.details(list)
	return nil
}

// details leaves out what is not for the resources that were named.
func (t target) details(list []details.Detail) []details.Detail {
	if len(t.audience) == 0 {
		return list
	}
	return details.ForResources(list, t.audience)
}

// shownDetails are what the consent page says of authorization details.
func (a *authorization) shownDetails() (list []login.ConsentDetail) {
	for _, detail := range a.details {
		list = append(list, login.ConsentDetail{Type: *a.detailTypes.find(detail.Type()), Value: detail})
	}
	return list
}

// detailsDigest stands for what a consent page showed of authorization details, "" where there were none: for them and
// for the words of their types.
func (a *authorization) detailsDigest() string {
	if len(a.details) == 0 {
		return ""
	}
	hash := sha256.New()
	hash.Write(details.Encode(a.details))
	for _, detail := range a.details {
		words, err := json.Marshal(a.detailTypes.find(detail.Type()))
		if err != nil {
			panic("provider: authorization details: " + err.Error()) // texts always marshal
		}
		hash.Write(words)
	}
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
}

// resolveDetails settles which authorization details the access token of a token request has: those that are named and
// were granted, or all that were granted, as far as the client may have them still.
func (i *issuance) resolveDetails(
	ctx context.Context, store *storage.Store, issuer string, form url.Values,
) error {
	named, err := readDetails(form)
	if err != nil {
		return err
	}
	granted, err := i.grantedDetails()
	if err != nil || len(granted) == 0 && len(named) == 0 {
		return err
	}
	known, err := findDetailTypes(ctx, store, issuer, i.client)
	if err != nil {
		return err
	}
	if i.grantType == "client_credentials" {
		for _, detail := range named {
			if of := known.find(detail.Type()); of != nil && !of.WithoutUser {
				return invalidDetails(fmt.Sprintf("Details of the type %q need a user.", of.Type))
			}
		}
		i.details = i.target.details(named)
		return known.checkAll(named)
	}
	left := slices.DeleteFunc(granted, func(detail details.Detail) bool { return known.check(detail) != nil })
	if len(named) > 0 {
		if err := known.checkAll(named); err != nil {
			return err
		}
		if !details.Within(left, named) {
			return invalidDetails("The authorization_details go beyond what was granted.")
		}
		left = named
	}
	i.details = i.target.details(left)
	return nil
}

// grantedDetails are those of the code or the refresh token.
func (i *issuance) grantedDetails() ([]details.Detail, error) {
	session := i.grantedSession()
	if session == nil || len(session.AuthorizationDetails) == 0 {
		return nil, nil
	}
	return details.Decode(string(session.AuthorizationDetails))
}

// typesOf are the types of details, each once, for the audit: what they say is for nobody's eyes there.
func typesOf(list []details.Detail) string {
	var names []string
	for _, detail := range list {
		names = oauth.Union(names, []string{detail.Type()})
	}
	return strings.Join(names, " ")
}
