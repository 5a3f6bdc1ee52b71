package config

import (
	"net/url"
	"strings"
)

// consoleFlags are of the console for operators on the admin listener.
type consoleFlags struct {
	Console    string `env:"ITHILDIN_CONSOLE" placeholder:"on|off" help:"@console"`
	ConsoleURL string `name:"console-url" env:"ITHILDIN_CONSOLE_URL" placeholder:"URL" help:"@console_url"`
}

// load returns the URL of the console, nil where it is off.
func (f consoleFlags) load(p *problems, dev bool, adminListen string) *url.URL {
	switch f.Console {
	case "", "off":
		if f.ConsoleURL != "" {
			p.add("ITHILDIN_CONSOLE_URL", "is set, but ITHILDIN_CONSOLE is not on")
		}
		return nil
	case "on":
	default:
		p.add("ITHILDIN_CONSOLE", "is %q: want on or off", f.Console)
		return nil
	}
	value := f.ConsoleURL
	if value == "" {
		if !dev {
			p.add("ITHILDIN_CONSOLE_URL", "is required with ITHILDIN_CONSOLE=on: the admin listener as browsers of operators "+
				"reach it, such as https://admin.example.com")
			return nil
		}
		value = "http://" + Reachable(adminListen)
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || !validHost(u):
		p.add("ITHILDIN_CONSOLE_URL", "is %q: want a URL such as https://admin.example.com", value)
	case u.Path != "" || strings.ContainsAny(value, "?#"):
		p.add("ITHILDIN_CONSOLE_URL", "is %q: want no path, query or fragment; the console is at /console/", value)
	case u.Scheme == "http" && !IsLoopback(hostAndPort(u)):
		p.add("ITHILDIN_CONSOLE_URL", "is %q: want https, unless operators use a browser on this machine", value)
	}
	return u
}

// hostAndPort is the host of a URL with a port, as IsLoopback takes it.
func hostAndPort(u *url.URL) string {
	if u.Port() == "" {
		return u.Host + ":80"
	}
	return u.Host
}
