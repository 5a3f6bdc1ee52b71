package login

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLanguageHasAllTextsOfInvitations(t *testing.T) {
	requireAllTexts(t, invitationTexts)
	reference := invitationTexts[ukrainian]
	for language, text := range invitationTexts {
		for key := range reference.Notices {
			notice := text.Notices[key]
			require.NotContains(t, []string{notice.Title, notice.Lead, notice.Hint}, "", "%s: %s", language, key)
		}
		for key := range reference.Roles {
			require.NotEmpty(t, text.Roles[key], "%s: %s", language, key)
		}
		require.Len(t, text.Notices, len(reference.Notices), language)
		require.Len(t, text.Roles, len(reference.Roles), language)
	}
}
