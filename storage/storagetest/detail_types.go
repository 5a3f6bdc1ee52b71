package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

func detailTypes(t *testing.T, s *suite) {
	ctx := t.Context()
	t.Run("Putting a type of authorization details replaces the one of that name", func(t *testing.T) {
		want := storage.DetailType{
			Type: "payment", TitleUkrainian: "Платіж", TitleEnglish: "Payment", IsOpen: true, WithoutUser: true,
			Fields: []storage.DetailField{
				{
					Name: "currency", TitleUkrainian: "Валюта", TitleEnglish: "Currency", Kind: storage.DetailText, IsRequired: true,
					MaximumLength: 3, Values: []storage.DetailValue{{Value: "UAH", TitleUkrainian: "гривня", TitleEnglish: "hryvnia"}},
				},
				{
					Name: "payees", TitleUkrainian: "Кому", TitleEnglish: "To whom", Kind: storage.DetailObject, IsList: true,
					Fields: []storage.DetailField{{Name: "iban", Kind: storage.DetailText}},
				},
			},
		}
		for _, title := range []string{"Payment", "A payment"} {
			want.TitleEnglish = title
			require.NoError(t, s.store.PutDetailType(ctx, want))
			got, err := s.store.DetailTypes(ctx)
			require.NoError(t, err)
			require.Equal(t, []storage.DetailType{want}, got, "what is kept in memory is dropped by the change")
			published, err := s.store.PublishedDetailTypes(ctx)
			require.NoError(t, err)
			require.Equal(t, got, published)
		}
		require.NoError(t, s.store.DeleteDetailType(ctx, want.Type))
		require.ErrorIs(t, s.store.DeleteDetailType(ctx, want.Type), storage.ErrNotFound)
		published, err := s.store.PublishedDetailTypes(ctx)
		require.NoError(t, err)
		require.Empty(t, published)
	})
}
