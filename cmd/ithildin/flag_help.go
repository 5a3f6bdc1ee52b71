package main

import (
	"strings"

	"github.com/alecthomas/kong"

	"ithildin/storage"
)

// flagEnums holds the values of flags that several verbs have, which name them as ${name}.
var flagEnums = kong.Vars{
	"grants": "authorization_code,implicit,refresh_token,client_credentials," +
		"urn:ietf:params:oauth:grant-type:device_code",
	"profiles":       strings.Join(storage.ProfileNames(), ","),
	"token_algs":     ",RS256,ES256,EdDSA",
	"assertion_algs": ",RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384,ES512,EdDSA,HS256,HS384,HS512",
}

// flagHelp holds the help texts that are too long for the struct tag of their flag, which names them as @name
// (config.HelpTexts).
var flagHelp = map[string]string{
	"access_alg": "Signing algorithm of JWT access tokens: ES256 (default), RS256 " +
		"or EdDSA.",
	"access_type": "How the client reaches the API behind the gateway: DIRECT, or BROKER with the api-key of a medical " +
		"information system. Default: DIRECT; with the presets ehealth and mithril BROKER.",
	"algorithm": "Algorithms whose keys are rotated; default all.",
	"application_type": "web (default), or native for an app, whose redirect URI may have" +
		" a private-use scheme.",
	"assurance": "Required authentication: password, one_time_code (with the password), phr (a passkey), phrh (a " +
		"passkey that stays on one device) or signature.",
	"authorization_alg": "Signing algorithm of authorization responses that are JWTs (JARM); default RS256.",
	"auth_method": "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, " +
		"self_signed_tls_client_auth, or none for a public client.",
	"certificate_bound": "Require a certificate for each access token, which is bound to it.",
	"audit_cursor_file": "File that keeps how far the export has come; it continues there when it is started again.",
	"audit_to": "Where the events are delivered: https://…, syslog+tls://HOST:PORT or syslog+tcp://HOST:PORT; default " +
		"standard output.",
	"backchannel_logout_uri": "URI that is notified when a session ends (back-channel logout).",
	"broker_scope": "Scopes that clients with the access type BROKER may use through " +
		"this one.",
	"client_secret_file": "File with the secret, - for standard input; default: one is " +
		"generated and printed.",
	"client_update_preset": "Replace all policies by those of standard, ehealth or mithril, " +
		"before --policy is applied.",
	"connection_preset": "Preset of its rules: standard, ehealth or mithril.",
	"connection_secrets": "Form in which mithril stores the secrets of connections: plain, sha256-hex, sha256-base64 or" +
		" bcrypt.",
	"consumer": "The client that uses the connection, such as a medical " +
		"information system.",
	"cors_origin":         "Origins whose pages may call the token endpoint (CORS).",
	"details_fields_file": "File with the fields, a JSON list (docs/authorization-details.md), - for standard input.",
	"details_type":        "Types of authorization details that it may use, beside the open ones.",
	"default_max_age":     "Age of a sign-in, in seconds, after which the user must sign in again.",
	"for": "spring: set the typ of access tokens to JWT, for an API on " +
		"Spring Security (docs/resource-servers.md).",
	"frontchannel_logout_uri": "URI that the browser opens in a frame when a session ends " +
		"(front-channel logout).",
	"governed_by": "role: only holders of a role with the scope may grant it. " +
		"consent: any user may.",
	"grant_type": "authorization_code, implicit, refresh_token, client_credentials, " +
		"urn:ietf:params:oauth:grant-type:device_code.",
	"mail_issuer":              "The server, whose host names the service where --service-name does not.",
	"healthcheck_admin_listen": "The server's admin listener; default 127.0.0.1:8081.",
	"id": "The sub of the user's tokens, which can't be changed; default: a" +
		" new UUID.",
	"id_token_alg":       "Signing algorithm of ID tokens: RS256 (default), ES256 or EdDSA.",
	"initiate_login_uri": "URI at which another party starts a sign-in with the client.",
	"introspection_alg": "Signing algorithm of answers of the introspection endpoint that are JWTs (RFC 9701); " +
		"default RS256.",
	"janitor_password_lifetime": "Age of passwords, in days, from which the tokens of their users are ended; default " +
		"90, 0 for never.",
	"jwks_file": "File with the public keys for private_key_jwt and request " +
		"objects (RFC 7517).",
	"jwks_uri": "The https URL at which the client publishes its keys, in place " +
		"of a file.",
	"login_form": "Sign-in form for the scope: password, patient or signature.",
	"login_grant_type": "How people may sign in to the client by the login API: password," +
		" digital_signature.",
	"dpop_bound_access_tokens": "Require a DPoP proof for each access token, which is bound to the key of the proof.",
	"new_secret_file": "File with the new secret, - for standard input; default: one is " +
		"generated.",
	"object_alg": "The only signing algorithm for request objects.",
	"password_file": "File with the password, - for standard input; default: one is " +
		"generated and printed.",
	"policy": "Set a policy, such as access_token=opaque; client show lists them.",
	"preset": "standard: OAuth 2.0 and OpenID Connect. ehealth: opaque tokens, for the legacy API. mithril: as clients " +
		"of mithril, with prefix matching of redirect URIs.",
	"profile": "Security profile, which demands and sets policies, such as fapi2 (docs/profiles.md); default " +
		"baseline.",
	"profile_file": "File with the standard claims of OIDC Core 5.1 as a JSON object," +
		" - for standard input.",
	"prune_undeclared": "Also delete what the lists of the file do not have: scopes, client types, roles, clients.",
	"prune": "Before it imports, delete what an import brought and the source has no more; says what, and asks. With " +
		"--dry-run it only says what.",
	"redirect_match": "exact, or prefix for clients that append to the registered URI.",
	"redirect_uri":   "New redirect URI, may be repeated; they replace all stored ones.",
	"refresh_bound_to": "Who may use a refresh token: connection (the one it was issued to) or client (any connection " +
		"of the client).",
	"request_uri":                   "Address of request objects; may be repeated.",
	"require_pushed_requests":       "Require that it pushes its authorization requests (RFC 9126).",
	"require_signed_request_object": "Require a signed request object for each authorization request.",
	"resource_format":               "Form of its access tokens: jwt or opaque; default: the policy of the client.",
	"resource_lifetime":             "Longest life of its access tokens, in seconds; default: the policy of the client.",
	"response_type": "Response types, such as \"code id_token\"; default code with " +
		"authorization_code.",
	"sector_identifier_uri": "URI of the document with the redirect URIs that share pairwise " +
		"subjects.",
	"setup_config_file": "File to which the settings are written, for its owner alone; default ithildin.env. A master " +
		"secret that it makes lies beside it.",
	"setup_role":       "Role of administrators, which is made where there is none; default ADMINISTRATOR.",
	"setup_test_phone": "Phone that gets a test message by SMS; default: the service is only asked whether it answers.",
	"subject_type":     "public (default), or pairwise: another sub for each client.",
	"tls_subject_dn":   "Subject of its certificate as RFC 4514 writes it, such as 'CN=clinic,O=Clinic,C=UA'.",
	"token_auth_alg": "The only signing algorithm of its assertions; default: any that " +
		"fits the method.",
	"loopback_redirect_uri": "A registered redirect URI on 127.0.0.1; the port may differ from the " +
		"registered one (RFC 8252 7.3), and without a port a free one is used.",
	"token_client_secret_file": "File with the client's secret, - for standard input; none for a " +
		"public client.",
	"trusted_client": "Trusted clients, which may omit the scope: mithril's " +
		"TRUSTED_CLIENT_IDS.",
	"user_update_profile_file": "File with the whole profile, which replaces the stored one; - " +
		"for standard input.",
	"userinfo_alg": "Signing algorithm of userinfo responses; default: unsigned JSON.",
}
