package provider

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

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
func readClaims(text string) (claimsRequest, error) {
	var request claimsRequest
	switch {
	case text == "":
		return request, nil
	case len(text) > maximumClaimsParameter:
		return request, invalidRequest(fmt.Sprintf("The claims parameter is %d bytes: want %d at most.", len(text), maximumClaimsParameter))
	}
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		return request, invalidRequest("The claims parameter is not the JSON object of OpenID Connect Core 5.5.").Because(err)
	}
	if len(request.Userinfo) > maximumClaims || len(request.IDToken) > maximumClaims {
		return request, invalidRequest(fmt.Sprintf("The claims parameter asks for more than %d claims.", maximumClaims))
	}
	return request, nil
}

// subject is the sub that is asked for, "" where any will do. An essential one of several values is not among what a request
// can mean: it names one user.
func (c claimsRequest) subject() (string, error) {
	var subject string
	for _, requests := range []claimRequests{c.IDToken, c.Userinfo} {
		asked, given := requests["sub"]
		if !given || asked.Value == nil {
			continue
		}
		text, ok := asked.Value.(string)
		if !ok || subject != "" && subject != text {
			return "", invalidRequest("The claims parameter must ask for one sub, as a string.")
		}
		subject = text
	}
	return subject, nil
}

// matches says whether a value is one that is asked for; without value and values every one is.
func (c claimRequest) matches(value any) bool {
	if c.Value == nil && len(c.Values) == 0 {
		return true
	}
	return slices.ContainsFunc(append(c.Values[:len(c.Values):len(c.Values)], c.Value), func(wanted any) bool {
		return wanted != nil && sameJSON(wanted, value)
	})
}

func sameJSON(a, b any) bool {
	first, err := json.Marshal(a)
	second, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(first) == string(second)
}

// grantable are the names of the claims that the client may have, and that the user has as they are asked for. A client may
// have what a scope that it may ask for would open; of the rest it learns nothing, as if the user had no such claim.
func (c claimRequests) grantable(client *storage.Client, user map[string]any) []string {
	var names []string
	for name, asked := range c {
		scope := scopeOfClaim(name)
		value, known := user[name]
		if scope != "" && known && slices.Contains(client.AllowedScope(), scope) && asked.matches(value) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// settleClaims decides which of the single claims that were asked for would be granted. Those that the scope opens anyhow
// need no approval of their own.
func (a *authorization) settleClaims() error {
	if len(a.claims.Userinfo)+len(a.claims.IDToken) == 0 {
		return nil
	}
	user, err := userClaims(holderOf(a.login.User))
	if err != nil {
		return err
	}
	a.userinfoClaims, a.idTokenClaims = a.claims.Userinfo.grantable(a.client, user), a.claims.IDToken.grantable(a.client, user)
	open := claimsOf(a.scope)
	for _, name := range storage.SplitScope(strings.Join(append(a.userinfoClaims, a.idTokenClaims...), " ")) {
		if !slices.Contains(open, name) {
			a.singleClaims = append(a.singleClaims, name)
		}
	}
	return nil
}

func holderOf(user storage.User) storage.Holder {
	return storage.Holder{Email: user.Email, Profile: user.Profile, UpdatedAt: user.UpdatedAt}
}
