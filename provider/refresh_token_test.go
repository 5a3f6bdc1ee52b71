package provider

import (
	"hash"
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/ory/fosite"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestRefreshComputesOneMACForEachOfItsTwoTokens(t *testing.T) {
	p := newBareProvider(t, "https://op.example")
	computed, newMAC := 0, p.refreshTokens.newMAC
	p.refreshTokens.newMAC = func() hash.Hash { computed++; return newMAC() }
	p.oauth2 = p.composition()

	user, client := storagetest.User(t, p.store), storagetest.Client(t, p.store, storage.PresetStandard)
	grant := storagetest.Grant(t, p.store, client, user)
	require.NoError(t, p.store.Approve(t.Context(), storage.Approval{
		ID: uuid.NewString(), UserID: user.ID, ClientID: client.ID, Scope: storage.SplitScope(grant.Scope),
	}))
	request := fosite.NewAccessRequest(nil)
	request.SetID(grant.ID)
	given, _, err := p.refreshTokens.GenerateRefreshToken((&issuance{client: client}).context(t.Context()), request)
	require.NoError(t, err)

	computed = 0
	set, err := p.Exchange(t.Context(), TokenRequest{Form: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {given}, "client_id": {client.ID},
		"client_secret": {storagetest.SecretOf(client.Connections[0].ID)},
	}})
	require.NoError(t, err)
	require.NotEqual(t, given, set.RefreshToken)
	require.Equal(t, 2, computed)
}
