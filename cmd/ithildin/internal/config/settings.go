package config

import (
	"cmp"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"ithildin/adapters/ehealth"
	"ithildin/provider"
	"ithildin/provider/identity"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
	"ithildin/provider/registration"
	"ithildin/storage"
)

// Flags is what serve takes from outside, as it was given.
type Flags struct {
	Issuer         string `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"@issuer"`
	Listen         string `env:"ITHILDIN_LISTEN" placeholder:"HOST:PORT" help:"Public listener; default 127.0.0.1:8080."`
	AdminListen    string `env:"ITHILDIN_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"@admin_listen"`
	AdminTokenFile string `env:"ITHILDIN_ADMIN_TOKEN_FILE" placeholder:"PATH" help:"@admin_token_file"`
	AdminAuth      string `env:"ITHILDIN_ADMIN_AUTH" placeholder:"none" help:"@admin_auth"`
	AdminHosts     string `env:"ITHILDIN_ADMIN_HOSTS" placeholder:"HOST,…" help:"@admin_hosts"`
	TrustedProxies string `env:"ITHILDIN_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"@trusted_proxies"`
	ResponseTypes  string `env:"ITHILDIN_RESPONSE_TYPES" placeholder:"TYPE,…" help:"@response_types"`
	LogFormat      string `env:"ITHILDIN_LOG_FORMAT" placeholder:"text|json" help:"@log_format"`
	LogLevel       string `env:"ITHILDIN_LOG_LEVEL" placeholder:"LEVEL" help:"debug, info, warn or error; default info."`
	LogLevelFile   string `env:"ITHILDIN_LOG_LEVEL_FILE" placeholder:"PATH" help:"@log_level_file"`
	Dev            bool   `help:"Run a development server with demo data. Unsafe: its passwords are public."`
	NewIssuer      bool   `help:"@new_issuer"`
	Declaration    string `name:"declaration-file" env:"ITHILDIN_DECLARATION_FILE" placeholder:"PATH" help:"@declaration"`
	DevAnywhere    bool   `env:"ITHILDIN_DEV_ANYWHERE" help:"Let --dev listen on other addresses than loopback."`
	tlsFlags
	DatabaseFlags
	replicaFlags
	SecretFlags
	serviceFlags
	limitFlags
	gatewayFlags
	outboundFlags
	JanitorFlags
	registrationFlags
	clientDocumentFlags
	pushedRequestFlags
	deviceFlags
	senderFlags
	servingFlags
	legacyFlags
	consoleFlags
	mithrilFlags
	invitationFlags
	MailFlags
	operatorFlags
	brandFlags
	passkeyFlags
	signingFlags
	factorFlags
	telemetryFlags
}

// Settings is a configuration that was found right.
type Settings struct {
	Dev             bool
	NewIssuer       bool // the database is taken over from another issuer
	Issuer          *url.URL
	Listen          string
	AdminListen     string
	Scheme          string       // of the public listener
	Certificate     *Certificate // nil: it serves plain HTTP
	AdminTokens     []string
	AdminOpen       bool     // whoever reaches the admin listener may use it
	AdminHosts      []string // lower case, without ports
	TrustedProxies  []netip.Prefix
	ResponseTypes   []string
	Database        Database // without secrets yet for a development server that keeps its own
	Replica         storage.ReplicaOptions
	Components      identity.Components
	Captcha         login.Captcha
	Signing         Signing
	Gateway         Gateway
	Outbound        outbound.Options
	Janitor         Janitor
	Registration    registration.Options
	ClientDocuments registration.DocumentOptions
	PushedRequests  provider.PushedRequests
	Devices         provider.DeviceOptions
	Sender          Sender
	Serving         Serving
	Legacy          ehealth.Options
	Mithril         Mithril
	Invitations     provider.Invitations
	Mail            Mail
	Operator        login.Operator
	Telemetry       Telemetry
	Declaration     string         // the file of scopes, roles and clients that is applied at the start; "": none is
	Texts           *login.Texts   // of the pages; nil: the built-in ones
	Places          *login.Places  // of networks; nil: none are known
	Console         *url.URL       // where browsers of operators find it; nil: it is off
	LogFormat       string         // "" for what suits the output
	LogLevel        *slog.LevelVar // SIGHUP reads it again
}

const (
	// DefaultListen is the address of the public listener.
	DefaultListen      = "127.0.0.1:8080"
	defaultAdminListen = "127.0.0.1:8081"
	// MinimumAdminToken is the length of the shortest admin token, in bytes.
	MinimumAdminToken = 16
)

// Load checks the whole configuration. The error names every setting that is wrong.
func (c Flags) Load() (*Settings, error) {
	var p problems
	s := &Settings{Dev: c.Dev, NewIssuer: c.NewIssuer, LogLevel: &slog.LevelVar{}, Scheme: c.scheme(),
		LogFormat: c.LogFormat, Declaration: c.Declaration}
	s.Listen = p.address("ITHILDIN_LISTEN", cmp.Or(c.Listen, DefaultListen))
	s.AdminListen = p.address("ITHILDIN_ADMIN_LISTEN", cmp.Or(c.AdminListen, defaultAdminListen))
	if s.Listen != "" && s.Listen == s.AdminListen {
		p.add("ITHILDIN_ADMIN_LISTEN", "is the public listener's address")
	}
	s.TrustedProxies = p.prefixes("ITHILDIN_TRUSTED_PROXIES", c.TrustedProxies)
	s.Certificate = c.tlsFlags.load(&p)
	s.Issuer = c.loadIssuer(&p, s.Listen)
	c.checkReach(&p, s)
	s.ResponseTypes = loadResponseTypes(&p, c.ResponseTypes)
	c.loadAdmin(&p, s)
	s.Database = c.DatabaseFlags.load(&p, c.Dev)
	s.Replica = c.replicaFlags.load(&p, s.Database.URL)
	s.Database.Secrets = c.SecretFlags.load(&p, c.Dev)
	if c.Dev {
		c.PasswordLifetime = cmp.Or(c.PasswordLifetime, "0") // the demo password is for ever
	}
	s.Components = c.serviceFlags.load(&p)
	s.Captcha = c.captcha(&p, s.Components)
	s.Signing = c.signingFlags.load(&p)
	s.Components.Limits = c.limitFlags.load(&p)
	s.Gateway = c.gatewayFlags.load(&p)
	s.Console = c.consoleFlags.load(&p, c.Dev, s.AdminListen)
	s.Outbound = c.outboundFlags.load(&p)
	s.Janitor = c.JanitorFlags.load(&p, s.Components.PasswordLifetime)
	s.Registration = c.registrationFlags.load(&p)
	s.ClientDocuments = c.clientDocumentFlags.load(&p)
	s.PushedRequests = c.pushedRequestFlags.load(&p)
	s.Devices = c.deviceFlags.load(&p)
	s.Sender = c.senderFlags.load(&p, s)
	s.Serving = c.servingFlags.load(&p, c.Dev, s.Database.Connections)
	s.Legacy = c.legacyFlags.load(&p)
	s.Mail = c.MailFlags.load(&p, s.Issuer)
	s.Components.Passkeys = c.passkeyFlags.load(&p, s.Issuer, s.Mail.ServiceName)
	c.factorFlags.apply(&p, &s.Components, c.Dev)
	s.Operator = c.operatorFlags.load(&p)
	s.Operator.Name = strings.TrimSpace(c.ServiceName)
	s.Texts = c.brandFlags.apply(&p, &s.Operator)
	s.Places = p.places("ITHILDIN_PLACES_FILE", c.PlacesFile)
	s.Mithril = c.mithrilFlags.load(&p, s)
	s.Invitations = c.invitationFlags.load(&p)
	s.Telemetry = c.telemetryFlags.load(&p)
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		p.add("ITHILDIN_LOG_FORMAT", "is %q: want text or json", c.LogFormat)
	}
	level := c.LogLevel
	if c.LogLevelFile != "" {
		level = p.file("ITHILDIN_LOG_LEVEL", c.LogLevel, c.LogLevelFile)
	}
	if err := s.LogLevel.UnmarshalText([]byte(cmp.Or(level, "info"))); err != nil {
		p.add("ITHILDIN_LOG_LEVEL", "is %q: want debug, info, warn or error", level)
	}
	return s, p.err()
}

// checkReach keeps plain HTTP to this machine and to named proxies, and a development server to this machine.
func (c Flags) checkReach(p *problems, s *Settings) {
	for name, address := range map[string]string{"ITHILDIN_LISTEN": s.Listen, "ITHILDIN_ADMIN_LISTEN": s.AdminListen} {
		switch {
		case address == "" || IsLoopback(address):
		case c.Dev && !c.DevAnywhere:
			p.add(name, "is %s: a development server listens on loopback only (ITHILDIN_DEV_ANYWHERE=1 lifts that)", address)
		case !c.Dev && name == "ITHILDIN_LISTEN" && c.TrustedProxies == "" && !c.speaksTLS():
			p.add(name, "is %s, which speaks plain HTTP: name a certificate in ITHILDIN_TLS_CERTIFICATE_FILE, or the proxies "+
				"that end TLS in ITHILDIN_TRUSTED_PROXIES, or listen on loopback", address)
		}
	}
}

func (c Flags) loadAdmin(p *problems, s *Settings) {
	s.AdminTokens = strings.Fields(p.secret("ITHILDIN_ADMIN_TOKEN", c.AdminTokenFile))
	for i, token := range s.AdminTokens {
		if len(token) < MinimumAdminToken {
			p.add("ITHILDIN_ADMIN_TOKEN", "has %d bytes in token %d: want at least %d", len(token), i+1, MinimumAdminToken)
		}
	}
	switch {
	case c.AdminAuth != "" && c.AdminAuth != "none":
		p.add("ITHILDIN_ADMIN_AUTH", "is %q: want none, or nothing", c.AdminAuth)
	case c.AdminAuth == "none" && len(s.AdminTokens) > 0:
		p.add("ITHILDIN_ADMIN_AUTH", "is none although ITHILDIN_ADMIN_TOKEN has tokens")
	}
	s.AdminHosts = p.hosts("ITHILDIN_ADMIN_HOSTS", c.AdminHosts)
	s.AdminOpen = c.AdminAuth == "none" || len(s.AdminTokens) == 0 && IsLoopback(s.AdminListen)
}
