package main

import (
	"io"
	"log/slog"
)

// announce says that requests are answered from now on.
func (s *settings) announce(out io.Writer, logger *slog.Logger) {
	logger.Info("serving", "version", thisBuild().version, "revision", thisBuild().revision,
		"issuer", s.issuer.String(), "listen", s.listen, "admin_listen", s.adminListen)
	if s.adminOpen {
		logger.Warn("the admin API asks nobody who they are: whoever reaches the admin listener may use all of it",
			"admin_listen", s.adminListen, "hint", "ITHILDIN_ADMIN_TOKEN_FILE names a file with tokens")
	}
	if s.dev {
		logger.Warn("this is a development server: everyone knows its passwords and secrets")
		newDemo(s.issuer).announce(out)
		return
	}
	if s.issuer.Scheme == "http" {
		logger.Warn("the issuer is plain http: passwords and tokens cross the network in clear")
	}
}
