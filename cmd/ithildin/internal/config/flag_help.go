package config

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// HelpTexts makes an option that replaces the help @name of a flag by the text of that name, from the texts given or
// from those of the settings. The parser fails to build where there is none. kong's own variables copy all of them for
// each flag, which took 150 ms of every start.
func HelpTexts(texts map[string]string) kong.Option {
	return kong.PostBuild(func(parser *kong.Kong) error {
		return kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
			flag, isFlag := node.(*kong.Flag)
			if !isFlag {
				return next(nil)
			}
			name, isNamed := strings.CutPrefix(flag.Help, "@")
			if !isNamed {
				return next(nil)
			}
			value, known := texts[name]
			if !known {
				value, known = flagHelp[name]
			}
			if !known {
				return fmt.Errorf("config: flag --%s: no help text %q", flag.Name, name)
			}
			flag.Help = value
			return next(nil)
		})
	})
}

// flagHelp holds the help texts that are too long for the struct tag of their flag, which names them as @name.
var flagHelp = map[string]string{
	"abac_token_file": "File with its bearer token, in place of ITHILDIN_ABAC_TOKEN.",
	"abac_url":        "ABAC service, which decides about single records.",
	"admin_auth": "none: the admin listener requires no token, for a network that " +
		"is protected by other means.",
	"admin_hosts": "Host names that an admin listener without tokens accepts, " +
		"besides this machine's own.",
	"admin_listen": "Admin listener, which must not be public; default 127.0.0.1:8081.",
	"admin_token_file": "File with the bearer tokens of the admin listener, in place of ITHILDIN_ADMIN_TOKEN: one a " +
		"line, all valid; name:token gives a token a name for the audit.",
	"api_token":          "Lifetime of a change_password_token of the login API in minutes; default 15.",
	"audit_retention":    "How long audit events are kept, also for single kinds; default 365.",
	"captcha_script_url": "Script of the captcha service for the pages; default: Google's.",
	"captcha_secret": "File with the site's secret, in place of ITHILDIN_CAPTCHA_SECRET; without a secret captchas" +
		" are not verified.",
	"captcha_site_key": "Key of the site at the captcha service; without one the pages have no captcha.",
	"captcha_url": "Service that verifies captchas, with the interface of reCAPTCHA;" +
		" default Google's.",
	"clock_skew": "Difference from the database's clock above which /readyz answers" +
		" 503; default 30s, 0s for any.",
	"code_attempts": "Wrong entries of a one-time code at most; default 3.",
	"code_failures": "Wrong one-time codes in a row after which the user is blocked; default 3.",
	"code_length":   "Digits of a one-time code; default 6.",
	"code_lifetime": "Lifetime of a one-time code in seconds; default 300.",
	"code_window":   "Time, in minutes, for which ITHILDIN_ONE_TIME_CODES_SENT counts; default 1.",
	"codes_sent":    "One-time codes that one user gets within ITHILDIN_ONE_TIME_CODE_WINDOW; default 3.",
	"color": "Colour of buttons and links on the pages of people, such as #1d5fb8; its contrast with the pages must be " +
		"4.5 at least.",
	"console": "Whether operators administer with a browser, at /console/ on the admin listener: on or off;" +
		" default off.",
	"console_url": "The admin listener as browsers of operators reach it, such as https://admin.example.com; required" +
		" with ITHILDIN_CONSOLE=on.",
	"database_connections": "Maximum number of connections to PostgreSQL; default 32.",
	"database_url":         "sqlite:PATH or postgres://…; default sqlite:ithildin.db.",
	"database_url_file":    "File with the database URL, if it has a password.",
	"dpop_nonce":           "Whether DPoP proofs must have a nonce: optional or required; default optional.",
	"ehealth_api_url": "Base URL of ehealth.api, before /api; without it invitations of employees are not accepted " +
		"here.",
	"inv_factor": "Whether people who answer an invitation need a second factor: required or optional; default " +
		"required.",
	"invitation_failures": "Looks at invitations in vain that are taken within an hour from one network; default 20.",
	"invitation_client": "Client for which ehealth.api gets session tokens of people who answer an invitation; required " +
		"with ITHILDIN_EHEALTH_API_URL.",
	"rules": "Rules that people agree to when they accept an invitation; default none.",
	"first_factor": "What people without a second factor need besides the password to add one: link (default), a link " +
		"that was mailed to them and opened in the same browser; or password, nothing more.",
	"gatekeeper_client_id": "Client of a web front end that keeps its token in a cookie; serves /auth/login, " +
		"/auth/redirect and /auth/logout.",
	"gatekeeper_redirect": "Page to which the browser returns; default /.",
	"gatekeeper":          "File with its secret, in place of ITHILDIN_GATEKEEPER_CLIENT_SECRET.",
	"gateway_audiences": "Resources that a token may be for at the gateway; default: the issuer, and those of the " +
		"rules.",
	"gateway_origins": "Where clients find the APIs behind the gateway, such as https://api.example.com; without it the " +
		"gateway accepts no DPoP proof.",
	"gateway_rules": "File with the rules for requests at a gateway; SIGHUP reads it again.",
	"declaration": "File of scopes, client types, roles and clients that is applied at the start and at SIGHUP, as by " +
		"ithildin apply without --prune.",
	"help_mail":  "Mail address for people who need help with signing in.",
	"help_phone": "Phone number for people who need help with signing in.",
	"help_hours": "When somebody answers, in Ukrainian, such as 'Пн–Пт 9:00–18:00'.",
	"help_text":  "A sentence or two about help, in Ukrainian, for the sign-in form and pages that tell people to ask.",
	"issuer": "The https URL by which clients know the provider; all its URLs " +
		"begin with it. Required without --dev.",
	"janitor_batch": "Rows for each statement of the janitor; default 500.",
	"legacy_secrets": "Whether new secrets of clients of the eHealth presets are also stored encrypted, so that the " +
		"admin API can show them again: sealed or hashed; default sealed.",
	"log_format":     "Default: text on a terminal, else json.",
	"log_level_file": "File with the log level, which SIGHUP reads again.",
	"logo_file":      "Logo on the pages of people: PNG, JPEG or SVG, 50 KiB at most.",
	"mail_ca_file": "PEM file with certificates of authorities that may have issued the mail server's, besides those of " +
		"the system.",
	"mail_from":          "Sender of mails, such as 'Clinic <mail@example.org>'; required with ITHILDIN_MAIL_URL.",
	"mail_password_file": "File with the password of ITHILDIN_MAIL_USER, in place of ITHILDIN_MAIL_PASSWORD.",
	"mail_reply_to":      "Where answers to mails go; default: the sender.",
	"mail_templates":     "Folder with letters of your own, in place of those that are built in.",
	"mail_tls":           "none: let the connection to smtp:// be unencrypted.",
	"mails_per_minute":   "Number of mails that all servers send in a minute at most; default 300. The others wait.",
	"mail_url": "Mail server: smtps://HOST[:PORT] (TLS, port 465) or smtp://HOST[:PORT] (STARTTLS is required, port " +
		"587); without one no mail is sent.",
	"mithril_anywhere": "Let the listener of ITHILDIN_MITHRIL_LISTEN have a public address or all addresses, where a " +
		"firewall keeps everybody else from it.",
	"mithril_hosts": "Host names that the listener of ITHILDIN_MITHRIL_LISTEN accepts, besides addresses and names " +
		"without a dot.",
	"mithril_listen": "Listener with the whole interface of mithril, also its admin API, without authentication, for a " +
		"private network alone; default none.",
	"mtls_certificate_file": "PEM file with the certificate chain of ITHILDIN_MTLS_LISTEN; SIGHUP reads it again.",
	"mtls_client_ca_file": "PEM file with the authorities that are trusted for certificates of clients " +
		"(tls_client_auth); default none.",
	"mtls_key_file": "PEM file with its private key.",
	"mtls_listen":   "Listener that asks clients for their certificates (mutual TLS); default none.",
	"mtls_proxies": "Proxies that terminate mutual TLS and are trusted about the certificate of a client, in the header " +
		"Client-Cert (RFC 9440); default none.",
	"mtls_url": "Where clients find the listener that asks for certificates, such as https://mtls.example.com; required " +
		"with ITHILDIN_MTLS_LISTEN.",
	"new_issuer": "Move the database from another issuer to this one. Clients must " +
		"change their configuration.",
	"outbound_allowed": "Private networks that the addresses of clients may be in; " +
		"default none.",
	"otlp_ca_file": "PEM file with certificates of authorities that are trusted for the collector, besides those of the " +
		"system.",
	"otlp_endpoint": "Collector to which traces and metrics are sent by OTLP (HTTP with protobuf), such as " +
		"http://127.0.0.1:4318; without one nothing is sent.",
	"otlp_headers":  "File with headers of the requests to the collector, such as its API key: NAME: VALUE, one a line.",
	"otlp_interval": "How often metrics are sent; default 60s.",
	"otlp_parents": "Whose trace contexts are continued: those of ITHILDIN_TRUSTED_PROXIES (proxies, the default), or " +
		"nobody's (none).",
	"otlp_sampling": "Share of the traces that begin here which is recorded, from 0 to 1; default 0.1.",
	"otlp_signals":  "What is sent: traces, metrics or both; default both.",
	"outbound_ca_file": "PEM file with certificates of authorities that are trusted for requests to clients, besides " +
		"those of the system.",
	"passkeys":           "off: people have no passkeys; default on, where the issuer's host is a name.",
	"passkey_domain":     "Domain of the passkeys: the issuer's host, the default, or one above it.",
	"password_lifetime":  "Age at which a password must be changed; default 90, 0 for never.",
	"persons_token_file": "File with its bearer token, in place of ITHILDIN_PERSONS_TOKEN.",
	"persons_url": "Register of persons, with which the tax id of a signer is compared; without it there is no " +
		"comparison.",
	"pushed_requests": "required: clients must push their authorization requests, but for those of the legacy API; " +
		"default optional.",
	"device_code_lifetime": "How long people have to answer the request of a device (RFC 8628), in seconds; default " +
		"600.",
	"device_rate":             "Devices of public clients that may begin from one network in an hour; default 600.",
	"pushed_request_lifetime": "How long after a push a browser may begin with the request, in seconds; default 90.",
	"pushed_request_rate":     "Requests of public clients that one network may push in an hour; default 3600.",

	"reset_life":     "How long a link to set a forgotten password is good, in minutes; default 25.",
	"resets":         "Links to set a forgotten password that one account gets within an hour; default 3.",
	"network_resets": "Links to set a forgotten password that one network may ask for within an hour; default 20.",
	"reset_tokens":   "end: when a forgotten password is set, what clients hold for the user ends too; default keep.",
	"remember_browser": "Days for which people may have a browser remembered, in which a second factor is then asked " +
		"for only where one is required; at most 90, default 0, never.",
	"places_file": "File that says where networks are, for the account page: a line such as '10.20.0.0/16 Clinic' for " +
		"each.",
	"registration": "Who may register a client: off (nobody, default), token (holders of an initial access token) or " +
		"open (anybody).",
	"client_documents": "Hosts whose clients may describe themselves by a document at their client_id, an https URL; " +
		"any for all hosts; default none.",
	"client_document_scope": "Scopes that such clients may request; default openid.",
	"client_document_aud":   "Resources for which such clients may request access tokens; default none.",
	"registration_quota":    "Maximum number of registered clients; default 1000.",
	"registration_rate": "Registrations of one address at once; the allowance refills " +
		"within an hour; default 20.",
	"registration_scope": "Scopes that registered clients may request; default openid profile email address phone " +
		"offline_access.",
	"replica_staleness": "How old an answer of the replica may be, such as 2s; required with ITHILDIN_REPLICA_URL.",
	"replica_url": "A standby of PostgreSQL that answers introspection and gateways where it is young enough; default " +
		"none.",
	"replica_url_file": "File with the URL of the replica, if it has a password.",
	"requests_at_once": "Requests that each listener processes at once, others get 503; default 16 for each connection " +
		"to the database.",
	"response_types": "Response types that clients may be registered for, such as " +
		"code,code id_token; default code.",
	"phone_change_window": "Hours within which people may change their phone once by themselves; default 24.",
	"server": "Administer a running server through its admin API, by the URL of its admin listener, in place of a " +
		"database.",
	"server_token_file": "File with the token for --server, in place of ITHILDIN_SERVER_TOKEN: an admin token, or an " +
		"access token with admin scopes.",
	"secret_file": "File with the master secrets, in place of ITHILDIN_SECRET: at least 32 bytes each, one a line; the " +
		"first encrypts, all decrypt.",
	"service_name": "What pages and mails call the service; default: the host of the issuer.",
	"shutdown_delay": "How long requests are still accepted after SIGTERM, while /readyz answers 503; default 5s, 0s " +
		"with --dev.",
	"sign_in_failures": "Failed sign-ins to an account from one address, within ITHILDIN_SIGN_IN_FAILURE_WINDOW, after " +
		"which more are refused; default 10.",
	"sign_in_window": "Time, in minutes, for which a failed sign-in counts; default 10.",
	"authorities_file": "File with the certificates of the authorities whose certificates people sign with (PEM, DER or " +
		"p7b); SIGHUP reads it again.",
	"signature_cmp": "Services at these hosts that find the certificate of a key file without one (CMP), in the order " +
		"in which they are asked.",
	"signature_hosts": "Hosts of OCSP, time stamp and CMP services of authorities that the signature page may ask, by " +
		"way of this server; default: none.",
	"signature_library": "Scripts of IIT's library, in the order in which they are loaded, with which the signature " +
		"page signs in the place of its own.",
	"signature_token": "File with its bearer token, in place of ITHILDIN_SIGNATURE_TOKEN.",
	"signature_url":   "Service that verifies digital signatures.",
	"sms_text":        "Text of the message, with {code}; default: a Ukrainian one.",
	"sms_token_file":  "File with its bearer token, in place of ITHILDIN_SMS_TOKEN.",
	"sms_url": "Service that sends one-time codes by SMS: POST of JSON with " +
		"phone_number and body.",
	"texts_file": "JSON file with texts of the pages in place of built-in ones; ithildin config texts lists all.",
	"tls_certificate_file": "PEM file with the public listener's certificate and its chain; SIGHUP reads it again. " +
		"Without it the listener serves plain HTTP.",
	"tls_key_file":         "PEM file with the private key of that certificate.",
	"token_deleting_hours": "Hours, in UTC, in which old expired tokens are deleted; default 1-4.",
	"token_expiration_hours": "Hours, in UTC, in which tokens of old passwords are ended; " +
		"default 0-4.",
	"token_rate": "Token requests that each client may send in a minute, at once and again, to all servers together; " +
		"default 0: any number.",
	"introspection_rate": "Introspections that each client may ask for in a minute, likewise; default 0: any number.",
	"token_retention": "How long expired tokens are kept, so that errors can name them; " +
		"default 30.",
	"trusted_proxies": "Proxies that terminate TLS, whose X-Forwarded-For is trusted, but not by the mutual TLS listener.",
	"cabinet_secret": "File with the secret of the JWTs by which the patients' cabinet registers people, in place of " +
		"ITHILDIN_CABINET_JWT_SECRET.",
	"otp_token_file": "File with its bearer token, in place of ITHILDIN_OTP_TOKEN.",
	"otp_url":        "Service that verifies phones for POST /api/verifications.",
	"user_2fa": "Whether a user created by the admin API has a second factor, unless the request says otherwise; " +
		"default true.",
}
