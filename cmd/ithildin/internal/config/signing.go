package config

import (
	"fmt"
	"io"
	"os"

	"ithildin/provider/identity"
)

// largestBundle bounds a file with certificates, in bytes; that of all Ukrainian authorities has less than a tenth.
const largestBundle = 8 << 20

// signingFlags are what people sign with in the browser, beyond the script of the page.
type signingFlags struct {
	SignatureAuthoritiesFile string `env:"ITHILDIN_SIGNATURE_AUTHORITIES_FILE" placeholder:"PATH" help:"@authorities_file"`
}

// Signing is the equipment of the signature page.
type Signing struct {
	Authorities *SignatureAuthorities // nil: the page knows of none
}

func (f signingFlags) load(p *problems) (s Signing) {
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

// SignatureAuthorities are the certificates of a file, which may be read again. It is safe for concurrent use.
type SignatureAuthorities struct {
	identity.SignatureAuthorities
	file string
}

// Reload reads the file again; where that fails, the certificates from before stay. The error names the setting.
func (a *SignatureAuthorities) Reload() error {
	file, err := os.Open(a.file)
	if err != nil {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE cannot be read: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, largestBundle+1))
	if err != nil {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE cannot be read: %w", err)
	}
	if len(content) > largestBundle {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE names %s, which has more than %d bytes", a.file, largestBundle)
	}
	if err := a.Read(content); err != nil {
		return fmt.Errorf("ITHILDIN_SIGNATURE_AUTHORITIES_FILE names %s, which cannot be used: %w", a.file, err)
	}
	return nil
}
