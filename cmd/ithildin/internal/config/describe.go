package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ithildin/adapters/ehealth"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/provider/registration"
)

// Setting is a setting by the name of its variable, as config print shows it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Describe lists every setting with the value that the server runs with, its default too. Of secrets it says how many
// there are.
func (c Flags) Describe(s *Settings) []Setting {
	rows := []Setting{
		{"ITHILDIN_ISSUER", s.Issuer.String()},
		{"ITHILDIN_RESPONSE_TYPES", strings.Join(s.ResponseTypes, ",")},
		{"ITHILDIN_LISTEN", s.Listen},
		{"ITHILDIN_TLS_CERTIFICATE_FILE", c.TLSCertificateFile},
		{"ITHILDIN_TLS_KEY_FILE", c.TLSKeyFile},
		{"ITHILDIN_ADMIN_LISTEN", s.AdminListen},
		{"ITHILDIN_ADMIN_TOKEN", console.Count(len(s.AdminTokens), "token")},
		{"ITHILDIN_ADMIN_AUTH", c.AdminAuth},
		{"ITHILDIN_CONSOLE", onOrOff(s.Console != nil)},
		{"ITHILDIN_CONSOLE_URL", consoleURL(s.Console)},
		{"ITHILDIN_MITHRIL_LISTEN", s.Mithril.Listen},
		{"ITHILDIN_MITHRIL_HOSTS", strings.Join(s.Mithril.Hosts, ",")},
		{"ITHILDIN_TRUSTED_PROXIES", networks(s.TrustedProxies)},
		{"ITHILDIN_DATABASE_URL", withoutPassword(s.Database.URL)},
		{"ITHILDIN_DATABASE_CONNECTIONS", fmt.Sprint(s.Database.Connections)},
		{"ITHILDIN_REPLICA_URL", withoutPassword(s.Replica.URL)},
		{"ITHILDIN_REPLICA_STALENESS", c.ReplicaStaleness},
		{"ITHILDIN_SECRET", console.Count(len(s.Database.Secrets), "secret")},
		{"ITHILDIN_SMS_URL", withoutPassword(c.SMSURL)},
		{"ITHILDIN_CAPTCHA_SECRET", console.Count(present(s.Components.Captcha != nil), "secret")},
		{"ITHILDIN_CAPTCHA_SITE_KEY", c.CaptchaSiteKey},
		{"ITHILDIN_SIGNATURE_URL", withoutPassword(c.SignatureURL)},
		{"ITHILDIN_PERSONS_URL", withoutPassword(c.PersonsURL)},
		{"ITHILDIN_EHEALTH_API_URL", withoutPassword(c.EHealthAPIURL)},
		{"ITHILDIN_INVITATION_FACTOR", cmp.Or(c.invitationFlags.Factor, invitationFactorRequired)},
		{"ITHILDIN_MAIL_URL", withoutPassword(c.MailURL)},
		{"ITHILDIN_SERVICE_NAME", s.Mail.ServiceName},
		{"ITHILDIN_MAIL_TEMPLATES", c.MailTemplates},
		{"ITHILDIN_MAILS_PER_MINUTE", strconv.Itoa(s.Mail.PerMinute)},
		{"ITHILDIN_OUTBOUND_ALLOWED", networks(s.Outbound.Allowed)},
		{"ITHILDIN_OUTBOUND_CA_FILE", c.OutboundCAFile},
		{"ITHILDIN_PASSWORD_LIFETIME", cmp.Or(c.PasswordLifetime, defaultPasswordLifetime)},
		{"ITHILDIN_CHANGE_PASSWORD_TOKEN_LIFETIME", fmt.Sprint(int(s.Components.ChangePasswordLifetime.Minutes()))},
		{"ITHILDIN_PASSWORD_RESET_TOKENS", cmp.Or(c.PasswordResetTokens, passwordResetKeeps)},
		{"ITHILDIN_FIRST_FACTOR", c.firstFactor(c.Dev)},
		{"ITHILDIN_REMEMBER_BROWSER_DAYS", cmp.Or(c.RememberBrowserDays, "0")},
		{"ITHILDIN_USER_2FA_ENABLED", strconv.FormatBool(!s.Legacy.TwoFactorOff)},
		{"ITHILDIN_LEGACY_SECRETS", legacySecrets(s.Legacy)},
		{"ITHILDIN_CABINET_JWT_SECRET", console.Count(present(s.Legacy.RegistrationSecret != nil), "secret")},
		{"ITHILDIN_OTP_URL", withoutPassword(c.OTPURL)},
		{"ITHILDIN_REGISTRATION", s.Registration.Mode},
		{"ITHILDIN_REGISTRATION_QUOTA", fmt.Sprint(s.Registration.Quota)},
		{"ITHILDIN_REGISTRATION_RATE", fmt.Sprint(s.Registration.Rate)},
		{"ITHILDIN_REGISTRATION_SCOPE", strings.Join(s.Registration.Scope, " ")},
		{"ITHILDIN_CLIENT_DOCUMENTS", strings.Join(s.ClientDocuments.Hosts, ",")},
		{"ITHILDIN_CLIENT_DOCUMENT_SCOPE", cmp.Or(strings.Join(s.ClientDocuments.Scope, " "),
			registration.DefaultDocumentScope)},
		{"ITHILDIN_CLIENT_DOCUMENT_AUDIENCE", strings.Join(s.ClientDocuments.Audience, ",")},
		{"ITHILDIN_PUSHED_REQUESTS", cmp.Or(c.PushedRequests, pushedRequestsOptional)},
		{"ITHILDIN_PUSHED_REQUEST_LIFETIME", strconv.Itoa(int(s.PushedRequests.Lifetime.Seconds()))},
		{"ITHILDIN_PUSHED_REQUEST_RATE", strconv.FormatInt(s.PushedRequests.PublicRate, 10)},
		{"ITHILDIN_DEVICE_CODE_LIFETIME", strconv.Itoa(int(s.Devices.CodeLifetime.Seconds()))},
		{"ITHILDIN_DEVICE_RATE", strconv.FormatInt(s.Devices.PublicRate, 10)},
		{"ITHILDIN_DPOP_NONCE", s.Sender.DPoPNonce},
		{"ITHILDIN_REQUESTS_AT_ONCE", fmt.Sprint(s.Serving.RequestsAtOnce)},
		{"ITHILDIN_TOKEN_RATE", fmt.Sprint(s.Serving.RateLimits.Token)},
		{"ITHILDIN_INTROSPECTION_RATE", fmt.Sprint(s.Serving.RateLimits.Introspection)},
		{"ITHILDIN_SHUTDOWN_DELAY", s.Serving.ShutdownDelay.String()},
		{"ITHILDIN_CLOCK_SKEW", s.Serving.ClockSkew.String()},
		{"ITHILDIN_LOG_FORMAT", cmp.Or(s.LogFormat, "text on a terminal, else json")},
		{"ITHILDIN_LOG_LEVEL", strings.ToLower(s.LogLevel.Level().String())},
		{"ITHILDIN_TOKEN_EXPIRATION_HOURS", cmp.Or(c.TokenExpirationHours, defaultExpirationHours)},
		{"ITHILDIN_TOKEN_DELETING_HOURS", cmp.Or(c.TokenDeletingHours, defaultDeletingHours)},
		{"ITHILDIN_AUDIT_RETENTION", cmp.Or(c.AuditRetention, defaultAuditRetention)},
		{"ITHILDIN_TOKEN_RETENTION", fmt.Sprint(int64(s.Janitor.Retention / day))},
		{"ITHILDIN_JANITOR_BATCH", fmt.Sprint(s.Janitor.Batch)},
	}
	rows = append(rows, c.telemetryFlags.describe(s.Telemetry)...)
	rows = append(rows, c.passkeyFlags.describe(s.Components.Passkeys)...)
	return c.appendRest(append(rows, c.limitFlags.describe()...))
}

// appendRest adds each setting that has no row yet, as it was given. A secret is never a flag, and one that a file
// holds is shown by the name of the file.
func (c Flags) appendRest(rows []Setting) []Setting {
	eachSetting(reflect.ValueOf(c), func(field reflect.StructField, value reflect.Value) {
		name := field.Tag.Get("env")
		if !slices.ContainsFunc(rows, func(row Setting) bool { return row.Name == name }) {
			rows = append(rows, Setting{name, withoutPassword(fmt.Sprint(value.Interface()))})
		}
	})
	for _, name := range SettingNames() {
		if !slices.ContainsFunc(rows, func(row Setting) bool { return row.Name == name }) {
			rows = append(rows, Setting{name, console.Count(present(os.Getenv(name) != ""), "secret")})
		}
	}
	return rows
}

func networks(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, prefix := range prefixes {
		texts[i] = prefix.String()
	}
	return strings.Join(texts, ",")
}

func present(given bool) int {
	if given {
		return 1
	}
	return 0
}

// withoutPassword masks the query's password too, which lib/pq takes as well.
func withoutPassword(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	isText := err == nil && u.Scheme == "" && u.Host == "" && !u.Query().Has("password") // it would be escaped
	if err != nil || u.Scheme == "sqlite" || isText {
		return databaseURL
	}
	if u.Query().Has("password") {
		query := u.Query()
		query.Set("password", "xxxxx")
		u.RawQuery = query.Encode()
	}
	return u.Redacted()
}

func legacySecrets(o ehealth.Options) string {
	if o.SecretsHashed {
		return legacySecretsHashed
	}
	return legacySecretsSealed
}

func onOrOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func consoleURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return u.String()
}
