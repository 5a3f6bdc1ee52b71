package config

import (
	"cmp"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ithildin/provider/identity"
	"ithildin/provider/login"
	"ithildin/provider/outbound"
)

// serviceFlags name the services by which people prove who they are. Each may be on a private network.
type serviceFlags struct {
	SMSURL                      string `name:"sms-url" env:"ITHILDIN_SMS_URL" placeholder:"URL" help:"@sms_url"`
	SMSTokenFile                string `env:"ITHILDIN_SMS_TOKEN_FILE" placeholder:"PATH" help:"@sms_token_file"`
	SMSText                     string `name:"sms-text" env:"ITHILDIN_SMS_TEXT" placeholder:"TEXT" help:"@sms_text"`
	CaptchaURL                  string `env:"ITHILDIN_CAPTCHA_URL" placeholder:"URL" help:"@captcha_url"`
	CaptchaSecretFile           string `env:"ITHILDIN_CAPTCHA_SECRET_FILE" placeholder:"PATH" help:"@captcha_secret"`
	CaptchaSiteKey              string `env:"ITHILDIN_CAPTCHA_SITE_KEY" placeholder:"KEY" help:"@captcha_site_key"`
	CaptchaScriptURL            string `env:"ITHILDIN_CAPTCHA_SCRIPT_URL" placeholder:"URL" help:"@captcha_script_url"`
	SignatureURL                string `env:"ITHILDIN_SIGNATURE_URL" placeholder:"URL" help:"@signature_url"`
	SignatureTokenFile          string `env:"ITHILDIN_SIGNATURE_TOKEN_FILE" placeholder:"PATH" help:"@signature_token"`
	PersonsURL                  string `env:"ITHILDIN_PERSONS_URL" placeholder:"URL" help:"@persons_url"`
	PersonsTokenFile            string `env:"ITHILDIN_PERSONS_TOKEN_FILE" placeholder:"PATH" help:"@persons_token_file"`
	ChangePasswordTokenLifetime string `env:"ITHILDIN_CHANGE_PASSWORD_TOKEN_LIFETIME" placeholder:"N" help:"@api_token"`
	PasswordLifetime            string `env:"ITHILDIN_PASSWORD_LIFETIME" placeholder:"DAYS" help:"@password_lifetime"`
	PasswordResetTokens         string `env:"ITHILDIN_PASSWORD_RESET_TOKENS" placeholder:"end" help:"@reset_tokens"`
}

const (
	defaultPasswordLifetime = "90"
	longestPasswordLifetime = 36500 // days

	defaultChangePasswordLifetime = int(identity.ChangePasswordLifetime / time.Minute)
	longestChangePasswordLifetime = 24 * 60 // minutes
)

// The values of ITHILDIN_PASSWORD_RESET_TOKENS.
const (
	passwordResetKeeps = "keep"
	passwordResetEnds  = "end"
)

// load returns the services and rules by which people prove who they are.
func (f serviceFlags) load(p *problems) identity.Components {
	c := identity.Components{OneTimeCodeText: f.SMSText, PasswordLifetime: f.passwordLifetime(p)}
	c.ChangePasswordLifetime = time.Minute * time.Duration(p.number(
		"ITHILDIN_CHANGE_PASSWORD_TOKEN_LIFETIME", f.ChangePasswordTokenLifetime,
		defaultChangePasswordLifetime, longestChangePasswordLifetime))
	switch f.PasswordResetTokens {
	case "", passwordResetKeeps:
	case passwordResetEnds:
		c.PasswordResetEndsTokens = true
	default:
		p.add("ITHILDIN_PASSWORD_RESET_TOKENS", "is %q: want keep or end", f.PasswordResetTokens)
	}
	if f.SMSText != "" && !strings.Contains(f.SMSText, "{code}") {
		p.add("ITHILDIN_SMS_TEXT", "has no {code} in it")
	}
	if service, given := f.service(p, "ITHILDIN_SMS", f.SMSURL, f.SMSTokenFile); given {
		c.SMS = identity.HTTPSMS{Service: service}
	}
	if service, given := f.service(p, "ITHILDIN_SIGNATURE", f.SignatureURL, f.SignatureTokenFile); given {
		c.Signatures = identity.SignatureService{Service: service}
	}
	if service, given := f.service(p, "ITHILDIN_PERSONS", f.PersonsURL, f.PersonsTokenFile); given {
		c.Persons = identity.PersonService{Service: service}
	}
	secret := strings.TrimSpace(p.secret("ITHILDIN_CAPTCHA_SECRET", f.CaptchaSecretFile))
	address := cmp.Or(f.CaptchaURL, identity.ReCAPTCHAURL)
	checkServiceURL(p, "ITHILDIN_CAPTCHA_URL", address)
	switch {
	case secret != "":
		c.Captcha = identity.ReCAPTCHA{Service: outbound.Service{URL: address, Token: secret}}
	case f.CaptchaURL != "":
		p.add("ITHILDIN_CAPTCHA_SECRET", "is required with ITHILDIN_CAPTCHA_URL")
	}
	return c
}

// siteKey is what identifies a site to a captcha service.
var siteKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// captcha returns the captcha of the pages; the services must have been loaded.
func (f serviceFlags) captcha(p *problems, c identity.Components) login.Captcha {
	if f.CaptchaSiteKey == "" {
		if f.CaptchaScriptURL != "" {
			p.add("ITHILDIN_CAPTCHA_SITE_KEY", "is required with ITHILDIN_CAPTCHA_SCRIPT_URL")
		}
		return login.Captcha{}
	}
	if !siteKey.MatchString(f.CaptchaSiteKey) {
		p.add("ITHILDIN_CAPTCHA_SITE_KEY", "is no key of a site: want letters, digits, _ and -")
	}
	if c.Captcha == nil {
		p.add("ITHILDIN_CAPTCHA_SECRET", "is required with ITHILDIN_CAPTCHA_SITE_KEY")
	}
	script := cmp.Or(f.CaptchaScriptURL, login.ReCAPTCHAScriptURL)
	u, err := url.Parse(script)
	if err != nil || u.Host == "" || u.Fragment != "" || !validHost(u) || u.User != nil ||
		u.Scheme != "https" && !(u.Scheme == "http" && IsLoopback(u.Host)) {
		p.add("ITHILDIN_CAPTCHA_SCRIPT_URL", "is no https URL")
	}
	if f.CaptchaURL != "" && f.CaptchaScriptURL == "" {
		p.add("ITHILDIN_CAPTCHA_SCRIPT_URL", "is required with ITHILDIN_CAPTCHA_URL and ITHILDIN_CAPTCHA_SITE_KEY")
	}
	return login.Captcha{SiteKey: f.CaptchaSiteKey, ScriptURL: script}
}

func (serviceFlags) service(p *problems, name, address, tokenFile string) (outbound.Service, bool) {
	token := strings.TrimSpace(p.secret(name+"_TOKEN", tokenFile))
	if address == "" {
		if token != "" {
			p.add(name+"_URL", "is required with %s_TOKEN", name)
		}
		return outbound.Service{}, false
	}
	checkServiceURL(p, name+"_URL", address)
	return outbound.Service{URL: address, Token: token}, true
}

func checkServiceURL(p *problems, name, address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		p.add(name, "is no http or https URL")
	}
}

func (f serviceFlags) passwordLifetime(p *problems) time.Duration {
	days, err := strconv.Atoi(cmp.Or(f.PasswordLifetime, defaultPasswordLifetime))
	if err != nil || days < 0 || days > longestPasswordLifetime {
		p.add("ITHILDIN_PASSWORD_LIFETIME", "is %q: want a number of days, or 0 for never", f.PasswordLifetime)
	}
	return time.Duration(days) * 24 * time.Hour
}
