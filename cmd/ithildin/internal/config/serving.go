package config

import (
	"cmp"
	"time"
)

// servingFlags say how a server behaves under load, beside a failing database and at its end.
type servingFlags struct {
	ShutdownDelay  string `env:"ITHILDIN_SHUTDOWN_DELAY" placeholder:"DURATION" help:"How long requests are still accepted after SIGTERM, while /readyz answers 503; default 5s, 0s with --dev."`
	RequestsAtOnce string `env:"ITHILDIN_REQUESTS_AT_ONCE" placeholder:"N" help:"Requests that each listener processes at once, others get 503; default 16 for each connection to the database."`
	ClockSkew      string `env:"ITHILDIN_CLOCK_SKEW" placeholder:"DURATION" help:"Difference from the database's clock above which /readyz answers 503; default 30s, 0s for any."`
}

// Serving are servingFlags that were found right.
type Serving struct {
	ShutdownDelay  time.Duration
	ClockSkew      time.Duration // 0: any
	RequestsAtOnce int
}

const (
	defaultShutdownDelay = "5s"
	defaultClockSkew     = "30s"
	longestShutdownDelay = 20 * time.Second // what is left of shutdownTime is for requests
	largestClockSkew     = 24 * time.Hour
	requestsOfConnection = 16
	mostRequests         = 100_000
)

func (f servingFlags) load(p *problems, dev bool, connections int) Serving {
	delay := defaultShutdownDelay
	if dev {
		delay = "0s"
	}
	return Serving{
		ShutdownDelay: p.duration("ITHILDIN_SHUTDOWN_DELAY", cmp.Or(f.ShutdownDelay, delay), longestShutdownDelay),
		RequestsAtOnce: p.number("ITHILDIN_REQUESTS_AT_ONCE", f.RequestsAtOnce,
			requestsOfConnection*connections, mostRequests),
		ClockSkew: p.duration("ITHILDIN_CLOCK_SKEW", cmp.Or(f.ClockSkew, defaultClockSkew), largestClockSkew),
	}
}
