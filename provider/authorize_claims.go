package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"ithildin/provider/oauth"
	"ithildin/storage"
)

const (
	maximumClaimsParameter = 8 << 10 // bytes
	maximumClaims          = 60      // in each of userinfo and id_token
)

// claimsRequest is the claims parameter (OIDC Core 5.5): which single claims go to userinfo and into the ID token.
type claimsRequest struct {
	Userinfo claimRequests `json:"userinfo"`
	IDToken  claimRequests `json:"id_token"`
}

type claimRequests map[string]claimRequest

// claimRequest is what is asked of one claim (OIDC Core 5.5.1); null asks for it in any form.
type claimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// readClaims parses the parameter. Members that the specification does not know are ignored.
func readClaims(value string) (claimsRequest, error) {
	var request claimsRequest
	switch {
	case value == "":
		return request, nil
	case len(value) > maximumClaimsParameter:
		return request, oauth.InvalidRequest(
			fmt.Sprintf("The claims parameter is %d bytes: want %d at most.", len(value), maximumClaimsParameter),
		)
	}
	if err := oauth.DecodeStrictJSON([]byte(value), &request); err != nil {
		return request, oauth.InvalidRequest(
			"The claims parameter is not the JSON object of OpenID Connect Core 5.5.").Because(err)
	}
	if len(request.Userinfo) > maximumClaims || len(request.IDToken) > maximumClaims {
		return request, oauth.InvalidRequest(fmt.Sprintf("The claims parameter asks for more than %d claims.", maximumClaims))
	}
	return request, nil
}

// subject is the sub that is asked for, "" where any will do. An essential one of several values is not among what a
// request can mean: it names one user.
func (c claimsRequest) subject() (string, error) {
	var subject string
	for _, requests := range []claimRequests{c.IDToken, c.Userinfo} {
		asked, given := requests["sub"]
		if !given || asked.Value == nil {
			continue
		}
		body, ok := asked.Value.(string)
		if !ok || subject != "" && subject != body {
			return "", oauth.InvalidRequest("The claims parameter must ask for one sub, as a string.")
		}
		subject = body
	}
	return subject, nil
}

// matches says whether a value is one that is asked for; without value and values every one is.
func (c claimRequest) matches(value any) bool {
	if c.Value == nil && len(c.Values) == 0 || c.Value != nil && sameJSON(c.Value, value) {
		return true
	}
	return slices.ContainsFunc(c.Values, func(wanted any) bool { return wanted != nil && sameJSON(wanted, value) })
}

func sameJSON(a, b any) bool {
	first, err := json.Marshal(a)
	second, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(first) == string(second)
}

// allowed are the names of the claims that the client may have: what a scope that it may ask for would open. Of the
// rest it learns nothing, as if the user had no such claim.
func (c claimRequests) allowed(client *storage.Client) []string {
	return allowedClaims(client, slices.Sorted(maps.Keys(c)))
}

// allowedClaims are those of the names that a scope of the client would open.
func allowedClaims(client *storage.Client, names []string) []string {
	scope := client.AllowedScope()
	var allowed []string
	for _, name := range names {
		if opens := scopeOfClaim(name); opens != "" && slices.Contains(scope, opens) {
			allowed = append(allowed, name)
		}
	}
	return allowed
}

// had are those of the names that the user has as they are asked for.
func (c claimRequests) had(names []string, user map[string]any) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		value, known := user[name]
		return !known || !c[name].matches(value)
	})
}

// resolveClaims decides which of the single claims that were asked for would be granted. What the user is asked to
// approve depends on their names alone: else a client could find out by prompt=none what the values are. Those that the
// scope opens anyhow need no approval of their own.
func (a *authorization) resolveClaims() error {
	if len(a.claims.Userinfo)+len(a.claims.IDToken) == 0 {
		return nil
	}
	user, err := userClaims(holderOf(a.login.User))
	if err != nil {
		return err
	}
	inUserinfo, inIDToken := a.claims.Userinfo.allowed(a.client), a.claims.IDToken.allowed(a.client)
	open := claimsOf(a.scope)
	a.singleClaims = slices.DeleteFunc(oauth.Union(inUserinfo, inIDToken),
		func(name string) bool { return slices.Contains(open, name) })
	a.userinfoClaims, a.idTokenClaims = a.claims.Userinfo.had(inUserinfo, user), a.claims.IDToken.had(inIDToken, user)
	return nil
}

func holderOf(user storage.User) storage.UserClaims {
	return storage.UserClaims{Email: user.Email, Profile: user.Profile, UpdatedAt: user.UpdatedAt}
}
