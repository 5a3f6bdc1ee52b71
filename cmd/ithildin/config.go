package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"Check the configuration of serve and name everything that is wrong."`
	Print configPrintCommand `cmd:"" help:"Print the configuration that serve would run with, without its secrets."`
}

type configCheckCommand struct {
	configuration
}

// Help shows how the verb is used.
func (configCheckCommand) Help() string {
	return `It opens no database and no listener.

Example:

    ithildin config check`
}

// Run reports every problem at once, with exit code 2.
func (c *configCheckCommand) Run(terminal console) error {
	warnOfUnknownSettings(terminal.err)
	if _, err := c.load(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(terminal.out, "the configuration is right")
	return err
}

type configPrintCommand struct {
	configuration
	formatFlag
}

// Help shows how the verb is used.
func (configPrintCommand) Help() string {
	return `Example:

    ithildin config print --dev --format json`
}

type settingRow struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Run prints every setting with the default it takes.
func (c *configPrintCommand) Run(terminal console) error {
	s, err := c.load()
	if err != nil {
		return err
	}
	rows := []settingRow{
		{"ITHILDIN_ISSUER", s.issuer.String()},
		{"ITHILDIN_RESPONSE_TYPES", strings.Join(s.responseTypes, ",")},
		{"ITHILDIN_LISTEN", s.listen},
		{"ITHILDIN_TLS_CERTIFICATE_FILE", c.TLSCertificateFile},
		{"ITHILDIN_TLS_KEY_FILE", c.TLSKeyFile},
		{"ITHILDIN_ADMIN_LISTEN", s.adminListen},
		{"ITHILDIN_ADMIN_TOKEN", count(len(s.adminTokens), "token")},
		{"ITHILDIN_ADMIN_AUTH", c.AdminAuth},
		{"ITHILDIN_TRUSTED_PROXIES", networks(s.trustedProxies)},
		{"ITHILDIN_DATABASE_URL", withoutPassword(s.database.url)},
		{"ITHILDIN_DATABASE_CONNECTIONS", fmt.Sprint(s.database.connections)},
		{"ITHILDIN_SECRET", count(len(s.database.secrets), "secret")},
		{"ITHILDIN_SMS_URL", withoutPassword(c.SMSURL)},
		{"ITHILDIN_CAPTCHA_SECRET", count(present(s.components.Captcha != nil), "secret")},
		{"ITHILDIN_SIGNATURE_URL", withoutPassword(c.SignatureURL)},
		{"ITHILDIN_PERSONS_URL", withoutPassword(c.PersonsURL)},
		{"ITHILDIN_OUTBOUND_ALLOWED", networks(s.outbound.Allowed)},
		{"ITHILDIN_OUTBOUND_CA_FILE", c.OutboundCAFile},
		{"ITHILDIN_PASSWORD_LIFETIME", cmp.Or(c.PasswordLifetime, defaultPasswordLifetime)},
		{"ITHILDIN_CHANGE_PASSWORD_TOKEN_LIFETIME", fmt.Sprint(int(s.components.ChangePasswordLifetime.Minutes()))},
		{"ITHILDIN_USER_2FA_ENABLED", strconv.FormatBool(!s.legacy.TwoFactorOff)},
		{"ITHILDIN_REGISTRATION", s.registration.Mode},
		{"ITHILDIN_REGISTRATION_QUOTA", fmt.Sprint(s.registration.Quota)},
		{"ITHILDIN_REGISTRATION_RATE", fmt.Sprint(s.registration.Rate)},
		{"ITHILDIN_REGISTRATION_SCOPE", strings.Join(s.registration.Scope, " ")},
		{"ITHILDIN_REQUESTS_AT_ONCE", fmt.Sprint(s.serving.requestsAtOnce)},
		{"ITHILDIN_SHUTDOWN_DELAY", s.serving.shutdownDelay.String()},
		{"ITHILDIN_CLOCK_SKEW", s.serving.clockSkew.String()},
		{"ITHILDIN_LOG_FORMAT", cmp.Or(s.logFormat, "text on a terminal, else json")},
		{"ITHILDIN_LOG_LEVEL", strings.ToLower(s.logLevel.Level().String())},
		{"ITHILDIN_TOKEN_EXPIRATION_HOURS", cmp.Or(c.TokenExpirationHours, defaultExpirationHours)},
		{"ITHILDIN_TOKEN_DELETING_HOURS", cmp.Or(c.TokenDeletingHours, defaultDeletingHours)},
		{"ITHILDIN_AUDIT_RETENTION", cmp.Or(c.AuditRetention, defaultAuditRetention)},
		{"ITHILDIN_TOKEN_RETENTION", fmt.Sprint(s.janitor.retention / (24 * 3600))},
		{"ITHILDIN_JANITOR_BATCH", fmt.Sprint(s.janitor.batch)},
	}
	return printRows(terminal.out, c.formatFlag, c.appendRest(rows))
}
