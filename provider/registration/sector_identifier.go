package registration

import (
	"errors"
	"net/url"

	"ithildin/provider/inbound"
	"ithildin/storage"
)

// errNoSector says that the redirect URIs of a pairwise client have several hosts and no sector_identifier_uri joins
// them.
var errNoSector = errors.New("a pairwise client needs a sector_identifier_uri where its redirect URIs have not one " +
	"host in common")

// SectorIdentifier is the host of the sector_identifier_uri, else the one host of the redirect URIs (OIDC Core 8.1).
func SectorIdentifier(client *storage.Client) (string, error) {
	uris := []string{client.Metadata.SectorIdentifierURI}
	if uris[0] == "" {
		uris = nil
		for _, connection := range client.Connections {
			uris = append(uris, connection.RedirectURIs...)
		}
	}
	var sector string
	for _, uri := range uris {
		u, err := url.Parse(uri)
		// Of any other scheme the host is whatever the client wrote there: it proves nothing.
		if err != nil || inbound.Origin(uri) == "" || sector != "" && u.Hostname() != sector {
			return "", errNoSector
		}
		sector = u.Hostname()
	}
	if sector == "" {
		return "", errNoSector
	}
	return sector, nil
}
