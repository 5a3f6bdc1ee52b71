package login

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryLanguageHasAllTextsOfInvitations(t *testing.T) {
	require.Len(t, invitationTexts, len(messages))
	reference := invitationTexts[ukrainian]
	for language, text := range invitationTexts {
		value := reflect.ValueOf(*text)
		for i := range value.NumField() {
			require.False(t, value.Field(i).IsZero(), "%s: %s", language, value.Type().Field(i).Name)
		}
		for key := range reference.Notices {
			notice := text.Notices[key]
			require.NotContains(t, []string{notice.Title, notice.Lead, notice.Hint}, "", "%s: %s", language, key)
		}
		for key := range reference.Refusals {
			require.NotEmpty(t, text.Refusals[key], "%s: %s", language, key)
		}
		for key := range reference.Roles {
			require.NotEmpty(t, text.Roles[key], "%s: %s", language, key)
		}
		require.Len(t, text.Notices, len(reference.Notices), language)
		require.Len(t, text.Refusals, len(reference.Refusals), language)
		require.Len(t, text.Roles, len(reference.Roles), language)
	}
}
