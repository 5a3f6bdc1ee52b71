package registration

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// documentRules are what a client may be that a document describes: one that sends nothing or signs with its key, for
// nobody can share a secret with all who read the document.
var documentRules = Rules{
	ResponseTypes: []string{"code"}, GrantTypes: []string{"authorization_code", "refresh_token"},
	AuthMethods: []string{storage.AuthMethodNone, storage.AuthMethodPrivateKeyJWT},
}

// parseDocument reads a document. The error names what no such document may have.
func parseDocument(content []byte) (*metadataRequest, error) {
	q, err := parseMetadata(content)
	if err != nil {
		return nil, err
	}
	if q.ClientSecret != "" {
		return nil, &MetadataError{Member: "client_secret", Problem: "is there for everybody to read: want none"}
	}
	return q, nil
}

// asDescribed is the client of a document, which stored was before; nil: nobody has used it yet. Of the metadata count
// those that say what the client is and how it authenticates. What would make this server or a browser ask another
// address of the document's choice, but for its keys, does not.
func (d *Documents) asDescribed(id, host string, content []byte, stored *storage.Client) (*storage.Client, error) {
	q, err := parseDocument(content)
	if err != nil {
		return nil, err
	}
	if q.ClientID != id {
		return nil, &MetadataError{Member: "client_id", Problem: fmt.Sprintf("is %.300q: want the URL of the document",
			q.ClientID)}
	}
	client, err := d.beforeDocument(id, stored)
	if err != nil {
		return nil, err
	}
	described := metadataRequest{RedirectURIs: q.RedirectURIs, ClientName: q.ClientName, Scope: q.Scope}
	described.Metadata = storage.Metadata{
		ApplicationType: q.ApplicationType, Contacts: q.Contacts, GrantTypes: q.GrantTypes, ResponseTypes: q.ResponseTypes,
		TokenEndpointAuthMethod: q.TokenEndpointAuthMethod, TokenEndpointAuthSigningAlg: q.TokenEndpointAuthSigningAlg,
		JWKS: q.JWKS, JWKSURI: q.JWKSURI, IDTokenSignedResponseAlg: q.IDTokenSignedResponseAlg,
		DPoPBoundAccessTokens: q.DPoPBoundAccessTokens, DefaultMaxAge: q.DefaultMaxAge, RequireAuthTime: q.RequireAuthTime,
		ClientURI: ofHost(host, q.ClientURI), PolicyURI: ofHost(host, q.PolicyURI), TermsURI: ofHost(host, q.TermsURI),
		SoftwareID: q.SoftwareID, SoftwareVersion: q.SoftwareVersion,
	}
	if described.TokenEndpointAuthMethod == "" {
		described.TokenEndpointAuthMethod = storage.AuthMethodNone
	}
	if described.ClientName == "" {
		described.ClientName = host
	}
	described.apply(client, d.options.Scope, documentRules)
	client.Metadata.Audience = d.options.Audience
	if stored == nil {
		if err := client.ApplyProfile(storage.ProfileOAuth21); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{
		string(content), strings.Join(d.options.Scope, " "), strings.Join(d.options.Audience, " "),
	}, "\x00")))
	client.Document = &storage.ClientDocument{Host: host, Hash: sum[:]}
	return client, checkRegistration(client, documentRules)
}

// beforeDocument is the client that a document is applied to: a copy of the stored one, with what an operator gave it,
// or a new one. Its connection has the same id wherever it is made, so that a code that one process issues is exchanged
// by another.
func (d *Documents) beforeDocument(id string, stored *storage.Client) (*storage.Client, error) {
	if stored != nil {
		client, connection := *stored, *stored.Connections[0]
		client.Connections = []*storage.Connection{&connection}
		return &client, nil
	}
	now := d.store.Now().Truncate(time.Second)
	client, err := storage.NewClient(id, storage.PresetStandard, now)
	if err != nil {
		return nil, err
	}
	client.Connections = []*storage.Connection{storage.NewConnection(
		uuid.NewSHA1(uuid.NameSpaceURL, []byte(id)).String(), id, storage.PresetStandard, nil, now)}
	if !d.takesAny() { // the operator knows the host: a gateway lets the client's tokens pass
		err = client.SetAccessType(storage.AccessTypeDirect)
	}
	return &client, err
}

// ofHost is a link that people may follow, where it leads to the host of the document, else "".
func ofHost(host, link string) string {
	origin := inbound.HTTPSOrigin(link)
	if origin == "https://"+host || strings.HasPrefix(origin, "https://"+host+":") {
		return link
	}
	return ""
}
