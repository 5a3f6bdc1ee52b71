package provider

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

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

// userinfo is the UserInfo endpoint (OIDC Core 5.3). The token comes in the header or, by POST, in the body; never in the
// query (RFC 6750 2.3 is not offered).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) error {
	token, err := bearer(w, r)
	if err != nil {
		return err
	}
	info, err := p.inspectAccess(r.Context(), token)
	if errors.Is(err, ErrInactive) {
		return newError(http.StatusUnauthorized, CodeInvalidToken, "The access token is unknown, expired or revoked.").Because(err)
	}
	if err != nil {
		return err
	}
	scope := storage.SplitScope(info.Scope)
	if info.UserID == "" || !contains(scope, []string{"openid"}) {
		return newError(http.StatusForbidden, "insufficient_scope", "The access token was not granted the scope openid.")
	}
	claims, err := userClaims(info.Holder, scope)
	if err != nil {
		return err
	}
	claims["sub"] = info.Subject
	p.allowOrigin(w, r, info.ClientID)
	return writeJSON(w, http.StatusOK, claims)
}

func userClaims(user storage.Holder, scope []string) (map[string]any, error) {
	profile := map[string]any{}
	if len(user.Profile) > 0 {
		if err := json.Unmarshal(user.Profile, &profile); err != nil {
			return nil, err
		}
	}
	if profile == nil { // an import or a repair by hand may leave null
		profile = map[string]any{}
	}
	profile["email"] = user.Email
	if _, known := profile["email_verified"]; !known {
		profile["email_verified"] = false
	}
	profile["updated_at"] = user.UpdatedAt
	claims := map[string]any{}
	for _, name := range scope {
		for _, claim := range claimsOfScope[name] {
			if value, known := profile[claim]; known {
				claims[claim] = value
			}
		}
	}
	return claims, nil
}

// bearer reads the access token of a request (RFC 6750 2.1 and 2.2), from one place only.
func bearer(w http.ResponseWriter, r *http.Request) (string, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	inHeader := strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, malformed := readForm(w, r)
		if malformed != nil {
			return "", malformed
		}
		if inBody := form.Get("access_token"); inBody != "" {
			if inHeader {
				return "", invalidRequest("The access token is given twice.")
			}
			return inBody, nil
		}
	}
	if !inHeader {
		return "", newError(http.StatusUnauthorized, "", "The request carries no access token.")
	}
	return strings.TrimSpace(token), nil
}
