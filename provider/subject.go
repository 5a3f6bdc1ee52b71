package provider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"ithildin/provider/registration"
	"ithildin/storage"
)

// identifiers name users and sessions to clients, so that two clients can't join what they know.
type identifiers struct {
	pairwiseSalt []byte
	sessionKey   []byte
}

// subject is the sub by which a client knows a user: the user's id, or for a pairwise client one that no other sector
// can join to it (OIDC Core 8.1). The salt behind it never changes.
func (i identifiers) subject(client *storage.Client, userID string) string {
	if client.Metadata.SubjectType != storage.SubjectTypePairwise {
		return userID
	}
	sector, err := registration.SectorIdentifier(client)
	if err != nil {
		sector = "client " + client.ID // registered otherwise by hand: nobody shares such a sector
	}
	mac := hmac.New(sha256.New, i.pairwiseSalt)
	mac.Write([]byte(sector + "\x00" + userID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sid names the login session to one client; two clients can't tell that they share it (OIDC Front-Channel Logout 3).
func (i identifiers) sid(sessionID, clientID string) string {
	if sessionID == "" {
		return ""
	}
	mac := hmac.New(sha256.New, i.sessionKey)
	mac.Write([]byte(sessionID + " " + clientID))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}
