package config

import (
	"time"

	"ithildin/provider"
)

// deviceFlags are about devices for which people sign in elsewhere (RFC 8628).
type deviceFlags struct {
	DeviceCodeLifetime string `env:"ITHILDIN_DEVICE_CODE_LIFETIME" placeholder:"SECONDS" help:"@device_code_lifetime"`
	DeviceRate         string `env:"ITHILDIN_DEVICE_RATE" placeholder:"N" help:"@device_rate"`
}

const (
	shortestDeviceCode = 60   // seconds
	longestDeviceCode  = 1800 // seconds, since a page waits no longer
)

func (f deviceFlags) load(p *problems) provider.DeviceOptions {
	seconds := limit{
		name: "ITHILDIN_DEVICE_CODE_LIFETIME", value: f.DeviceCodeLifetime,
		fallback: int(provider.DefaultDeviceCodeLifetime / time.Second),
		lowest:   shortestDeviceCode, highest: longestDeviceCode,
	}.number(p)
	return provider.DeviceOptions{
		CodeLifetime: time.Duration(seconds) * time.Second,
		PublicRate:   publicRate(p, "ITHILDIN_DEVICE_RATE", f.DeviceRate, provider.DefaultPublicDeviceRate),
	}
}
