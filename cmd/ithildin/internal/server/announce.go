package server

import (
	"io"

	"ithildin/adapters/console"
	"ithildin/cmd/ithildin/internal/demo"
)

// announce says that requests are answered from now on.
func (s *service) announce(build Build, out io.Writer) {
	s.logger.Info("serving", "version", build.Version, "revision", build.Revision,
		"issuer", s.settings.Issuer.String(), "listen", s.settings.Listen, "admin_listen", s.settings.AdminListen)
	if s.settings.AdminOpen {
		s.logger.Warn("the admin API requires no token: whoever reaches the admin listener may use all of it",
			"admin_listen", s.settings.AdminListen, "hint", "ITHILDIN_ADMIN_TOKEN_FILE names a file with tokens")
	}
	if u := s.settings.Console; u != nil {
		s.logger.Info("operators administer with a browser", "console", u.String()+console.Root)
		if u.Scheme != "https" && !s.settings.Dev {
			s.logger.Warn("the console is plain http: the sessions of operators cross the network in clear, unless their "+
				"browsers are on this machine", "hint", "ITHILDIN_CONSOLE_URL with https, and a proxy that terminates TLS")
		}
	}
	warnOfMithrilListener(s.settings.Mithril, s.logger)
	if s.settings.Dev {
		s.logger.Warn("this is a development server: its passwords and secrets are public")
		demo.New(s.settings.Issuer).Announce(out)
		return
	}
	if s.settings.Issuer.Scheme == "http" {
		s.logger.Warn("the issuer is plain http: passwords and tokens cross the network in clear")
	}
}
