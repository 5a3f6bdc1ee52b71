package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// subject is the sub by which a client knows a user: the user's id, or for a pairwise client one that no other sector can
// join to it (OIDC Core 8.1). The salt behind it never changes.
func (p *Provider) subject(client *storage.Client, userID string) string {
	if client.Metadata.SubjectType != storage.SubjectTypePairwise {
		return userID
	}
	sector, err := registration.SectorIdentifier(client)
	if err != nil {
		sector = "client " + client.ID // registered otherwise by hand: nobody shares such a sector
	}
	mac := hmac.New(sha256.New, p.pairwiseSalt)
	mac.Write([]byte(sector + "\x00" + userID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
