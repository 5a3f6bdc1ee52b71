package config

import (
	"cmp"
	"time"

	"ithildin/provider"
)

// servingFlags say how a server behaves under load, beside a failing database and at its end.
type servingFlags struct {
	ShutdownDelay  string `env:"ITHILDIN_SHUTDOWN_DELAY" placeholder:"DURATION" help:"@shutdown_delay"`
	RequestsAtOnce string `env:"ITHILDIN_REQUESTS_AT_ONCE" placeholder:"N" help:"@requests_at_once"`
	ClockSkew      string `env:"ITHILDIN_CLOCK_SKEW" placeholder:"DURATION" help:"@clock_skew"`

	TokenRate         string `env:"ITHILDIN_TOKEN_RATE" placeholder:"N" help:"@token_rate"`
	IntrospectionRate string `env:"ITHILDIN_INTROSPECTION_RATE" placeholder:"N" help:"@introspection_rate"`
}

// Serving are servingFlags that were found right.
type Serving struct {
	ShutdownDelay  time.Duration
	ClockSkew      time.Duration // 0: any
	RequestsAtOnce int
	RateLimits     provider.RateLimits
}

const (
	defaultShutdownDelay = "5s"
	defaultClockSkew     = "30s"
	longestShutdownDelay = 20 * time.Second // what is left of shutdownTime is for requests
	largestClockSkew     = 24 * time.Hour
	requestsOfConnection = 16
	mostRequests         = 100_000
	largestRate          = 1_000_000
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
		RateLimits: provider.RateLimits{
			Token:         p.rate("ITHILDIN_TOKEN_RATE", f.TokenRate),
			Introspection: p.rate("ITHILDIN_INTROSPECTION_RATE", f.IntrospectionRate),
		},
	}
}

// rate is how many requests are taken in a minute; 0, and nothing, are for any number.
func (p *problems) rate(name, value string) int64 {
	return int64(limit{name: name, value: value, highest: largestRate}.number(p))
}
