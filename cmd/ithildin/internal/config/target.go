package config

import (
	"net"
	"net/url"
	"os"
	"runtime"
)

// TargetFlags say what a verb administers: a database, or a running server through its admin API.
type TargetFlags struct {
	DatabaseFlags
	Server          string `env:"ITHILDIN_SERVER" placeholder:"URL" help:"@server"`
	ServerTokenFile string `name:"token-file" env:"ITHILDIN_SERVER_TOKEN_FILE" placeholder:"PATH" help:"@server_token_file"`
}

// Server is a running server.
type Server struct {
	URL   *url.URL // of the admin listener, before /api/v1
	Token string   // an admin token, or an access token with admin scopes
}

// IsServer says whether the verb works through a server.
func (f TargetFlags) IsServer() bool { return f.Server != "" }

// LoadServer reads the flags of a verb that works through a server.
func LoadServer(f TargetFlags) (Server, error) {
	var p problems
	const setting, token = "ITHILDIN_SERVER", "ITHILDIN_SERVER_TOKEN"
	at, err := url.Parse(f.Server)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "":
		p.add(setting, "is no URL of a server: want one such as https://admin.id.example")
	case at.Scheme == "http" && !IsLoopback(net.JoinHostPort(at.Hostname(), "1")):
		p.add(setting, "is %s: want https, since the token is sent there; http is for this machine alone", f.Server)
	case at.Scheme != "https" && at.Scheme != "http":
		p.add(setting, "is %s: want an https URL", f.Server)
	}
	if f.DatabaseURL != "" || f.DatabaseURLFile != "" {
		p.add(setting, "and ITHILDIN_DATABASE_URL are both set: want one of them")
	}
	if f.ServerTokenFile != "" && isReadByOthers(f.ServerTokenFile) {
		p.add(token+"_FILE", "names %s, which others on this machine can read: chmod 600 it", f.ServerTokenFile)
	}
	s := Server{URL: at, Token: p.secret(token, f.ServerTokenFile)}
	if s.Token == "" {
		p.add(token, "is required with %s; --token-file names a file with it", setting)
	}
	return s, p.err()
}

// isReadByOthers says whether the group or everybody may read a file. Windows has no such bits.
func isReadByOthers(path string) bool {
	const others = 0o077
	information, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && information.Mode().IsRegular() &&
		information.Mode().Perm()&others != 0
}
