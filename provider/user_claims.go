package provider

import (
	"encoding/json"
	"slices"

	"ithildin/storage"
)

// claimsOfScope says which claims of a user's profile a scope opens (OIDC Core 5.4).
var claimsOfScope = map[string][]string{
	"profile": {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
		"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"},
	"email":   {"email", "email_verified"},
	"address": {"address"},
	"phone":   {"phone_number", "phone_number_verified"},
}

// scopeOfClaim is the scope that opens a claim of a user, "" for a claim that none does.
func scopeOfClaim(name string) string {
	for scope, claims := range claimsOfScope {
		if slices.Contains(claims, name) {
			return scope
		}
	}
	return ""
}

// claimsOf are the names of the claims that a scope opens.
func claimsOf(scope []string) []string {
	var names []string
	for _, name := range scope {
		names = append(names, claimsOfScope[name]...)
	}
	return names
}

// userClaims are all standard claims that are known of a user (OIDC Core 5.1), but sub.
func userClaims(user storage.UserClaims) (map[string]any, error) {
	claims := map[string]any{}
	if len(user.Profile) > 0 {
		if err := json.Unmarshal(user.Profile, &claims); err != nil {
			return nil, err
		}
	}
	if claims == nil { // an import or a repair by hand may leave null
		claims = map[string]any{}
	}
	claims["email"], claims["updated_at"] = user.Email, storage.EpochSeconds(user.UpdatedAt)
	if _, known := claims["email_verified"]; !known {
		claims["email_verified"] = false
	}
	return claims, nil
}

// selectClaims are those of a user's claims that bear one of the names.
func selectClaims(user storage.UserClaims, names []string) (map[string]any, error) {
	if len(names) == 0 {
		return map[string]any{}, nil
	}
	all, err := userClaims(user)
	if err != nil {
		return nil, err
	}
	selected := map[string]any{}
	for _, name := range names {
		if value, known := all[name]; known && value != nil {
			selected[name] = value
		}
	}
	return selected, nil
}
