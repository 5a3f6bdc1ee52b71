package config

import (
	"slices"
	"strings"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// clientDocumentFlags say which clients may describe themselves by a document at their client_id.
type clientDocumentFlags struct {
	ClientDocuments        string `env:"ITHILDIN_CLIENT_DOCUMENTS" placeholder:"HOST,…|any" help:"@client_documents"`
	ClientDocumentScope    string `env:"ITHILDIN_CLIENT_DOCUMENT_SCOPE" placeholder:"SCOPE" help:"@client_document_scope"`
	ClientDocumentAudience string `env:"ITHILDIN_CLIENT_DOCUMENT_AUDIENCE" placeholder:"URI,…" help:"@client_document_aud"`
}

func (f clientDocumentFlags) load(p *problems) registration.DocumentOptions {
	isSeparator := func(r rune) bool { return r == ',' || r == ' ' }
	o := registration.DocumentOptions{
		Hosts:    strings.FieldsFunc(f.ClientDocuments, isSeparator),
		Audience: strings.FieldsFunc(f.ClientDocumentAudience, isSeparator),
	}
	if f.ClientDocumentScope != "" {
		o.Scope = storage.SplitScope(f.ClientDocumentScope)
	}
	for _, host := range o.Hosts {
		if err := registration.ValidateDocumentHost(host); err != nil {
			p.add("ITHILDIN_CLIENT_DOCUMENTS", "is wrong: %v", err)
		}
	}
	if slices.Contains(o.Hosts, registration.AnyHost) && len(o.Hosts) > 1 {
		p.add("ITHILDIN_CLIENT_DOCUMENTS", "has %s beside hosts: want one or the other", registration.AnyHost)
	}
	for _, name := range o.Scope {
		if err := registration.ValidateScope(name); err != nil {
			p.add("ITHILDIN_CLIENT_DOCUMENT_SCOPE", "is wrong: %v", err)
		}
	}
	return o
}
