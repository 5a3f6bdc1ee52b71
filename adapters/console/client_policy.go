package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// policyChoices are the values of the policies that have a few.
var policyChoices = map[string][]string{
	"access_token":          {storage.AccessTokenJWT, storage.AccessTokenOpaque},
	"access_token_typ":      {storage.AccessTokenTypAccess, storage.AccessTokenTypJWT},
	"assertion_audience":    {storage.AssertionAudienceEndpoint, storage.AssertionAudienceIssuer},
	"code_replay":           {storage.CodeReplayRevoke, storage.CodeReplayRefuse},
	"factor_change":         {storage.FactorChangeRecent, storage.FactorChangeSession},
	"profile":               storage.ProfileNames(),
	"login_scope":           {storage.LoginScopeRoles, storage.LoginScopeClientType},
	"refresh":               {storage.RefreshRotate, storage.RefreshReuse},
	"refresh_issued":        {storage.RefreshIssuedWithOfflineAccess, storage.RefreshIssuedAlways},
	"refresh_lifetime_from": {storage.RefreshLifetimeFromRotation, storage.RefreshLifetimeFromIssue},
	"refresh_scope":         {storage.RefreshScopeGranted, storage.RefreshScopeCurrent, storage.RefreshScopeApproval},
	"token_form":            {storage.TokenFormOwn, storage.TokenFormLegacy},
}

// policyValues are the settings of a policy by their names, as the command line has them: lifetimes in seconds.
func policyValues(p storage.Policy) map[string]string {
	var members map[string]any
	encoded, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(encoded, &members)
	}
	if err != nil {
		panic("console: " + err.Error()) // a policy is JSON in the database
	}
	values := make(map[string]string, len(members))
	for name, value := range members {
		values[name] = fmt.Sprint(value)
		if seconds, isNumber := value.(float64); isNumber {
			values[name] = strconv.FormatFloat(seconds, 'f', -1, 64)
		}
	}
	return values
}

// standardPolicy is that of a new client of the standard interface.
func standardPolicy() storage.Policy {
	policy, err := storage.NewPolicy(storage.PresetStandard)
	if err != nil {
		panic("console: " + err.Error()) // the preset is a constant
	}
	return policy
}

// policyOf lists the policy of a client, and where it differs from that of a new one.
func policyOf(v *visit, c *storage.Client) section {
	t := &table{Label: v.T("client.policy"), Columns: []string{
		v.T("policy.name"), v.T("policy.value"), v.T("policy.standard"),
	}}
	standard, values := policyValues(standardPolicy()), policyValues(c.Policy)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := code(values[name])
		if values[name] != standard[name] {
			value = marked(values[name], "plain")
		}
		t.Rows = append(t.Rows, []cell{code(name).with(v.text.or("policy."+name, "")), value, code(standard[name])})
	}
	return section{ID: "policy", Title: v.T("client.policy"), Lead: v.T("client.policy_lead"), Table: t, Folded: true}
}

// askChangePolicy asks for the policies of a client, and shows the difference before it is made.
func askChangePolicy(v *visit, c *storage.Client) (*question, error) {
	standard, before := policyValues(standardPolicy()), policyValues(c.Policy)
	names := slices.Sorted(maps.Keys(before))
	wanted := maps.Clone(before)
	q := &question{Fresh: true}
	for _, name := range names {
		if v.r.PostForm.Has(name) {
			wanted[name] = v.r.PostForm.Get(name)
		}
		q.Fields = append(q.Fields, policyField(v, name, wanted[name], before[name], standard[name]))
	}
	q.check = func() error {
		_, err := wantedPolicy(c, before, wanted)
		return err
	}
	q.preview = func() []fact {
		var values [][3]string
		for _, name := range names {
			values = append(values, [3]string{name, before[name], wanted[name]})
		}
		return changesOf(values)
	}
	q.do = withoutResult(func(ctx context.Context) error {
		policy, err := wantedPolicy(c, before, wanted)
		if err != nil {
			return err
		}
		return changeClient(ctx, v, c, func(now *storage.Client) { now.Policy = policy })
	})
	return q, nil
}

// policyField is the input of a policy, which says what a new client has.
func policyField(v *visit, name, value, before, standard string) field {
	f := field{
		Name: name, Label: name, Type: "text", Value: value, Required: true,
		Hint: v.T("policy."+name) + " " + v.T("policy.standard_is", "value", standard),
	}
	choices := policyChoices[name]
	if before == "true" || before == "false" {
		choices = []string{"false", "true"}
	}
	for _, choice := range choices {
		f.Type = "select"
		f.Options = append(f.Options, option{Value: choice, Label: choice, Selected: choice == value})
	}
	return f
}

// wantedPolicy is the policy that a form asks for, held to the security profile that it names.
func wantedPolicy(c *storage.Client, before, wanted map[string]string) (storage.Policy, error) {
	policy, err := readPolicy(c.Policy, before, wanted)
	if err != nil {
		return storage.Policy{}, err
	}
	after := *c
	after.Policy = policy
	var broken *registration.MetadataError
	if errors.As(registration.ValidateClientChange(c, &after, registration.Rules{}), &broken) {
		name, isPolicy := strings.CutPrefix(broken.Member, "policy.")
		if !isPolicy {
			name = "profile"
		}
		return storage.Policy{}, &formProblem{"policy.breaks_profile", name}
	}
	return policy, nil
}

// readPolicy is a policy with the values of a form in the kinds that it has now. What the form lacks stays as it is.
func readPolicy(policy storage.Policy, before, wanted map[string]string) (storage.Policy, error) {
	for _, name := range slices.Sorted(maps.Keys(before)) {
		value := wanted[name]
		if value == before[name] {
			continue
		}
		var member any = value
		if _, err := strconv.Atoi(before[name]); err == nil {
			seconds, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return storage.Policy{}, &formProblem{"policy.wrong", name}
			}
			member = seconds
		} else if before[name] == "true" || before[name] == "false" {
			member = value == "true"
		}
		encoded, err := json.Marshal(map[string]any{name: member})
		if err == nil {
			err = json.Unmarshal(encoded, &policy)
		}
		if err != nil || policy.Validate() != nil {
			return storage.Policy{}, &formProblem{"policy.wrong", name}
		}
	}
	return policy, nil
}
