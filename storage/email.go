package storage

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// hostForm reads a host in either form of IDNA, in any case of letters (UTS #46).
var hostForm = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule())

// CanonicalEmail returns the one form in which an email address is stored and compared: lower case, Unicode normal form
// C, and the host in letters where it was given in punycode. What is no address comes back trimmed and in lower case.
func CanonicalEmail(email string) string {
	local, host, isAddress := cutAddress(norm.NFC.String(email))
	if !isAddress {
		return local
	}
	if unicode, err := hostForm.ToUnicode(host); err == nil {
		host = unicode
	}
	return local + "@" + host
}

// cutAddress cuts an address in lower case at its host.
func cutAddress(email string) (local, host string, isAddress bool) {
	email = norm.NFC.String(strings.ToLower(strings.TrimSpace(email)))
	at := strings.LastIndex(email, "@")
	if at < 0 {
		return email, "", false
	}
	return email[:at], email[at+1:], true
}

// emailForms are what rows may hold for an address: what was given and the canonical form, then the forms in which rows
// were stored before there was a canonical one. Almost every address has one form only.
func emailForms(given string) []string {
	canonical := CanonicalEmail(given)
	forms := []string{strings.ToLower(strings.TrimSpace(given)), canonical}
	if local, host, isAddress := cutAddress(canonical); isAddress {
		hosts := []string{host, norm.NFD.String(host)}
		if ascii, err := hostForm.ToASCII(host); err == nil {
			hosts = append(hosts, ascii)
		}
		for _, host := range hosts {
			forms = append(forms, local+"@"+host, norm.NFD.String(local)+"@"+host)
		}
	}
	var distinct []string
	for _, form := range forms {
		if !slices.Contains(distinct, form) {
			distinct = append(distinct, form)
		}
	}
	return distinct
}
