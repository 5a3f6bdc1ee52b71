package main

import (
	"cmp"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"ithildin/adapters/ehealth"
	"ithildin/provider"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
)

// configuration is what serve takes from outside, as it was given.
type configuration struct {
	Issuer         string `env:"ITHILDIN_ISSUER" placeholder:"URL" help:"The https URL that clients know the provider by; the one source of every URL. Required without --dev."`
	Listen         string `env:"ITHILDIN_LISTEN" placeholder:"HOST:PORT" help:"Public listener; default 127.0.0.1:8080."`
	AdminListen    string `env:"ITHILDIN_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"Admin listener, never public; default 127.0.0.1:8081."`
	AdminTokenFile string `env:"ITHILDIN_ADMIN_TOKEN_FILE" placeholder:"PATH" help:"File with the bearer tokens of the admin listener, else they are in ITHILDIN_ADMIN_TOKEN: one a line, all good; name:token gives a token the name by which the audit knows it."`
	AdminAuth      string `env:"ITHILDIN_ADMIN_AUTH" placeholder:"none" help:"none opens the admin listener to whoever reaches it, in a trusted network."`
	AdminHosts     string `env:"ITHILDIN_ADMIN_HOSTS" placeholder:"HOST,…" help:"Names besides this machine's own by which an admin listener without tokens may be asked."`
	TrustedProxies string `env:"ITHILDIN_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Proxies that end TLS and are believed about the client's address."`
	ResponseTypes  string `env:"ITHILDIN_RESPONSE_TYPES" placeholder:"TYPE,…" help:"Response types that clients may be registered for, such as code,code id_token; default code."`
	LogFormat      string `env:"ITHILDIN_LOG_FORMAT" placeholder:"text|json" help:"Default: text on a terminal, else json."`
	LogLevel       string `env:"ITHILDIN_LOG_LEVEL" placeholder:"LEVEL" help:"debug, info, warn or error; default info."`
	LogLevelFile   string `env:"ITHILDIN_LOG_LEVEL_FILE" placeholder:"PATH" help:"File with the log level, which SIGHUP reads again."`
	Dev            bool   `help:"A development server with demo data. Unsafe: everyone knows its passwords."`
	NewIssuer      bool   `help:"Move the database to this issuer from the one that it belongs to. Clients must be told."`
	DevAnywhere    bool   `env:"ITHILDIN_DEV_ANYWHERE" help:"Let --dev listen on more than loopback."`
	tlsFlags
	databaseFlags
	secretFlags
	componentFlags
	gatewayFlags
	outboundFlags
	janitorFlags
	registrationFlags
	servingFlags
	legacyFlags
}

// settings is a configuration that was found right.
type settings struct {
	dev            bool
	newIssuer      bool // the database is taken over from another issuer
	issuer         *url.URL
	listen         string
	adminListen    string
	scheme         string       // of the public listener
	certificate    *certificate // nil: it speaks plain HTTP
	adminTokens    []string
	adminOpen      bool     // whoever reaches the admin listener may use it
	adminHosts     []string // lower case, without ports
	trustedProxies []netip.Prefix
	responseTypes  []string
	database       databaseSettings // without secrets yet for a development server that keeps its own
	components     login.Components
	gateway        gatewaySettings
	outbound       outbound.Options
	janitor        janitorSettings
	registration   provider.Registration
	serving        servingSettings
	legacy         ehealth.Options
	logFormat      string         // "" for what suits the output
	logLevel       *slog.LevelVar // SIGHUP reads it again
}

const (
	defaultListen      = "127.0.0.1:8080"
	defaultAdminListen = "127.0.0.1:8081"
	minimumAdminToken  = 16 // bytes
)

// load checks the whole configuration. The error names every setting that is wrong.
func (c configuration) load() (*settings, error) {
	var p problems
	s := &settings{dev: c.Dev, newIssuer: c.NewIssuer, logLevel: &slog.LevelVar{}, scheme: c.scheme(), logFormat: c.LogFormat}
	s.listen = p.address("ITHILDIN_LISTEN", cmp.Or(c.Listen, defaultListen))
	s.adminListen = p.address("ITHILDIN_ADMIN_LISTEN", cmp.Or(c.AdminListen, defaultAdminListen))
	if s.listen != "" && s.listen == s.adminListen {
		p.add("ITHILDIN_ADMIN_LISTEN", "is the public listener's address")
	}
	s.trustedProxies = p.prefixes("ITHILDIN_TRUSTED_PROXIES", c.TrustedProxies)
	s.certificate = c.tlsFlags.load(&p)
	s.issuer = c.loadIssuer(&p, s.listen)
	c.checkReach(&p, s)
	s.responseTypes = loadResponseTypes(&p, c.ResponseTypes)
	c.loadAdmin(&p, s)
	s.database = c.databaseFlags.load(&p, c.Dev)
	s.database.secrets = c.secretFlags.load(&p, c.Dev)
	if c.Dev {
		c.PasswordLifetime = cmp.Or(c.PasswordLifetime, "0") // the demo password is for ever
	}
	s.components = c.componentFlags.load(&p)
	s.gateway = c.gatewayFlags.load(&p)
	s.outbound = c.outboundFlags.load(&p)
	s.janitor = c.janitorFlags.load(&p, s.components.PasswordLifetime)
	s.registration = c.registrationFlags.load(&p)
	s.serving = c.servingFlags.load(&p, c.Dev, s.database.connections)
	s.legacy = c.legacyFlags.load(&p)
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		p.add("ITHILDIN_LOG_FORMAT", "is %q: want text or json", c.LogFormat)
	}
	level := c.LogLevel
	if c.LogLevelFile != "" {
		level = p.file("ITHILDIN_LOG_LEVEL", c.LogLevel, c.LogLevelFile)
	}
	if err := s.logLevel.UnmarshalText([]byte(cmp.Or(level, "info"))); err != nil {
		p.add("ITHILDIN_LOG_LEVEL", "is %q: want debug, info, warn or error", level)
	}
	return s, p.err()
}

// checkReach keeps plain HTTP to this machine and to named proxies, and a development server to this machine.
func (c configuration) checkReach(p *problems, s *settings) {
	for name, address := range map[string]string{"ITHILDIN_LISTEN": s.listen, "ITHILDIN_ADMIN_LISTEN": s.adminListen} {
		switch {
		case address == "" || isLoopback(address):
		case c.Dev && !c.DevAnywhere:
			p.add(name, "is %s: a development server listens on loopback only (ITHILDIN_DEV_ANYWHERE=1 lifts that)", address)
		case !c.Dev && name == "ITHILDIN_LISTEN" && c.TrustedProxies == "" && !c.speaksTLS():
			p.add(name, "is %s, which speaks plain HTTP: name a certificate in ITHILDIN_TLS_CERTIFICATE_FILE, or the proxies "+
				"that end TLS in ITHILDIN_TRUSTED_PROXIES, or listen on loopback", address)
		}
	}
}

func (c configuration) loadAdmin(p *problems, s *settings) {
	s.adminTokens = strings.Fields(p.secret("ITHILDIN_ADMIN_TOKEN", c.AdminTokenFile))
	for _, token := range s.adminTokens {
		if len(token) < minimumAdminToken {
			p.add("ITHILDIN_ADMIN_TOKEN", "has a token of less than %d bytes", minimumAdminToken)
		}
	}
	switch {
	case c.AdminAuth != "" && c.AdminAuth != "none":
		p.add("ITHILDIN_ADMIN_AUTH", "is %q: want none, or nothing", c.AdminAuth)
	case c.AdminAuth == "none" && len(s.adminTokens) > 0:
		p.add("ITHILDIN_ADMIN_AUTH", "is none although ITHILDIN_ADMIN_TOKEN has tokens")
	}
	s.adminHosts = strings.FieldsFunc(strings.ToLower(c.AdminHosts), func(r rune) bool { return r == ',' || r == ' ' })
	for _, host := range s.adminHosts {
		if !validHost(&url.URL{Host: host}) || strings.Contains(host, ":") {
			p.add("ITHILDIN_ADMIN_HOSTS", "has %q: want names without a port", host)
		}
	}
	s.adminOpen = c.AdminAuth == "none" || len(s.adminTokens) == 0 && isLoopback(s.adminListen)
}
