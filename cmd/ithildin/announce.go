package main

import (
	"io"
)

// announce says that requests are answered from now on.
func (s *service) announce(build buildInformation, out io.Writer) {
	s.logger.Info("serving", "version", build.version, "revision", build.revision,
		"issuer", s.settings.issuer.String(), "listen", s.settings.listen, "admin_listen", s.settings.adminListen)
	if s.settings.adminOpen {
		s.logger.Warn("the admin API asks nobody who they are: whoever reaches the admin listener may use all of it",
			"admin_listen", s.settings.adminListen, "hint", "ITHILDIN_ADMIN_TOKEN_FILE names a file with tokens")
	}
	if s.settings.dev {
		s.logger.Warn("this is a development server: everyone knows its passwords and secrets")
		newDemo(s.settings.issuer).announce(out)
		return
	}
	if s.settings.issuer.Scheme == "http" {
		s.logger.Warn("the issuer is plain http: passwords and tokens cross the network in clear")
	}
}
