package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ithildin/provider/identity"
	"ithildin/provider/login"
)

// largestBundle bounds a file with certificates, in bytes; that of all Ukrainian authorities has less than a tenth.
const largestBundle = 8 << 20

// signingFlags are what people sign with in the browser, beyond the script of the page.
type signingFlags struct {
	SignatureAuthoritiesFile string `env:"ITHILDIN_SIGNATURE_AUTHORITIES_FILE" placeholder:"PATH" help:"@authorities_file"`
	SignatureHosts           string `env:"ITHILDIN_SIGNATURE_HOSTS" placeholder:"HOST,…" help:"@signature_hosts"`
	SignatureCMPURLs         string `name:"signature-cmp-urls" env:"ITHILDIN_SIGNATURE_CMP_URLS" placeholder:"URL,…" help:"@signature_cmp"`
	SignatureLibrary         string `env:"ITHILDIN_SIGNATURE_LIBRARY" placeholder:"PATH,…" help:"@signature_library"`
}

// Signing is the equipment of the signature page.
type Signing struct {
	Authorities *SignatureAuthorities // nil: the page knows of none
	// Hosts are those of services of authorities which the page may ask; none: it asks no service.
	Hosts []string
	// Finders are the URLs of CMP services at these hosts.
	Finders []string
	// Library are the scripts of IIT's library; none: the page signs by its own.
	Library []login.LibraryScript
}

func (f signingFlags) load(p *problems) (s Signing) {
	s.Hosts, s.Finders = f.services(p)
	s.Library = f.library(p)
	if f.SignatureAuthoritiesFile == "" {
		return s
	}
	authorities := &SignatureAuthorities{file: f.SignatureAuthoritiesFile}
	if err := authorities.Reload(); err != nil {
		*p = append(*p, err)
		return s
	}
	s.Authorities = authorities
	return s
}

// mostFinders bounds the services that are asked for a certificate, one after the other.
const mostFinders = 8

// services are the hosts of services that the page may ask, and the URLs of CMP services.
func (f signingFlags) services(p *problems) (hosts, finders []string) {
	for _, host := range separated(f.SignatureHosts) {
		u, err := url.Parse("http://" + host)
		if err != nil || u.Host != host || !validHost(u) || strings.ToLower(host) != host {
			p.add("ITHILDIN_SIGNATURE_HOSTS", "has %q: want names of hosts in lower case, with a port where it is another than "+
				"80 and 443", host)
			continue
		}
		hosts = append(hosts, host)
	}
	if len(hosts) > 0 && f.SignatureAuthoritiesFile == "" {
		p.add("ITHILDIN_SIGNATURE_AUTHORITIES_FILE", "is required with ITHILDIN_SIGNATURE_HOSTS: answers of services are "+
			"verified by its certificates")
	}
	finders = separated(f.SignatureCMPURLs)
	if len(finders) > mostFinders {
		p.add("ITHILDIN_SIGNATURE_CMP_URLS", "has more than %d URLs", mostFinders)
	}
	services := identity.AuthorityServices{Hosts: hosts}
	for _, address := range finders {
		if !services.Allows(address) {
			p.add("ITHILDIN_SIGNATURE_CMP_URLS", "has %q: want http or https URLs at hosts of ITHILDIN_SIGNATURE_HOSTS", address)
		}
	}
	return hosts, finders
}

const (
	mostLibraryScripts     = 8
	largestLibraryScript   = 32 << 20 // bytes
	settingSignatureScript = "ITHILDIN_SIGNATURE_LIBRARY"
)

// scriptName is the name of a file as it may stand in an address.
var scriptName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.js$`)

// library reads the scripts whole.
func (f signingFlags) library(p *problems) (scripts []login.LibraryScript) {
	paths := strings.FieldsFunc(f.SignatureLibrary, func(r rune) bool { return r == ',' })
	if len(paths) > mostLibraryScripts {
		p.add(settingSignatureScript, "names more than %d files", mostLibraryScripts)
		return nil
	}
	for _, path := range paths {
		name := filepath.Base(path)
		if !scriptName.MatchString(name) ||
			slices.ContainsFunc(scripts, func(s login.LibraryScript) bool { return s.Name == name }) {
			p.add(settingSignatureScript, "names %s: want scripts (.js) with names of letters and digits, each another", path)
			continue
		}
		content, err := readBounded(path, largestLibraryScript)
		if err != nil {
			p.add(settingSignatureScript, "names %s, which %v", path, err)
		}
		scripts = append(scripts, login.LibraryScript{Name: name, Content: content})
	}
	return scripts
}

// SignatureAuthorities are the certificates of a file, which may be read again. It is safe for concurrent use.
type SignatureAuthorities struct {
	identity.SignatureAuthorities
	file string
}

// Reload reads the file again; where that fails, the certificates from before stay. The error names the setting.
func (a *SignatureAuthorities) Reload() error {
	content, err := readBounded(a.file, largestBundle)
	if err != nil {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE names %s, which %w", a.file, err)
	}
	if err := a.Read(content); err != nil {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE names %s, which cannot be used: %w", a.file, err)
	}
	return nil
}
