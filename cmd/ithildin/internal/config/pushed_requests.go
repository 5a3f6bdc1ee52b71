package config

import (
	"time"

	"ithildin/provider"
)

// pushedRequestFlags are about authorization requests that clients push (RFC 9126).
type pushedRequestFlags struct {
	PushedRequests        string `env:"ITHILDIN_PUSHED_REQUESTS" placeholder:"optional|required" help:"@pushed_requests"`
	PushedRequestLifetime string `env:"ITHILDIN_PUSHED_REQUEST_LIFETIME" placeholder:"SECONDS" help:"@pushed_request_lifetime"`
	PushedRequestRate     string `env:"ITHILDIN_PUSHED_REQUEST_RATE" placeholder:"N" help:"@pushed_request_rate"`
}

const (
	pushedRequestsOptional = "optional"
	pushedRequestsRequired = "required"

	shortestPushedRequest = 60  // seconds
	longestPushedRequest  = 600 // seconds
)

func (f pushedRequestFlags) load(p *problems) provider.PushedRequests {
	switch f.PushedRequests {
	case "", pushedRequestsOptional, pushedRequestsRequired:
	default:
		p.add("ITHILDIN_PUSHED_REQUESTS", "is %q: want %s or %s", f.PushedRequests, pushedRequestsOptional,
			pushedRequestsRequired)
	}
	seconds := limit{
		name: "ITHILDIN_PUSHED_REQUEST_LIFETIME", value: f.PushedRequestLifetime,
		fallback: int(provider.DefaultPushedRequestLifetime / time.Second),
		lowest:   shortestPushedRequest, highest: longestPushedRequest,
	}.number(p)
	return provider.PushedRequests{
		Required: f.PushedRequests == pushedRequestsRequired, Lifetime: time.Duration(seconds) * time.Second,
		PublicRate: publicRate(p, "ITHILDIN_PUSHED_REQUEST_RATE", f.PushedRequestRate, provider.DefaultPublicPushRate),
	}
}
