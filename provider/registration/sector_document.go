package registration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ithildin/provider/oauth"
)

// maximumSectorDocument bounds what a sector_identifier_uri answers, in bytes.
const maximumSectorDocument = 64 << 10

// checkSector fetches the sector document that a registration names, which must list each of its redirect URIs (OIDC
// Registration section 5): else anybody could enter the sector of others, and know their users by the same sub. What
// went wrong on the way stays here, for it would tell what is in our network.
func (s *Service) checkSector(ctx context.Context, request *metadataRequest) error {
	address := request.SectorIdentifierURI
	if address == "" {
		return nil
	}
	refuse := func(problem string, cause error) error {
		e := &MetadataError{Member: "sector_identifier_uri", Problem: problem}
		return asMetadataError(e).Because(cause)
	}
	began := time.Now()
	document, err := s.outbound.Get(ctx, address, maximumSectorDocument)
	s.countFetch(began, err)
	if err != nil {
		return refuse("could not be fetched: want an https URL that answers 200 with a JSON array of 64 KiB at most", err)
	}
	var listed []string
	if err := oauth.DecodeStrictJSON(document.Body, &listed); err != nil {
		return refuse("does not answer a JSON array of strings", err)
	}
	for _, uri := range request.RedirectURIs {
		if !slices.Contains(listed, uri) {
			return refuse(fmt.Sprintf("its document does not list the redirect URI %.200q", uri), errors.New("not listed"))
		}
	}
	return nil
}
