package ehealth_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage"
	"ithildin/storage/storagetest"
)

func TestOneTimeCodesAreListedWithoutTheCode(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		code := func(key string, expiresIn int64) storage.OneTimeCode {
			c := storage.OneTimeCode{
				ID: uuid.NewString(), Key: key, CodeMAC: []byte("right"), CreatedAt: time.Unix(worldTime, 0),
				ExpiresAt: time.Unix(worldTime+expiresIn, 0),
			}
			w.must(w.store.CreateOneTimeCode(t.Context(), c))
			return c
		}
		attempt := func(c storage.OneTimeCode, mac string) {
			_, err := w.store.VerifyOneTimeCode(t.Context(), c.ID, []byte(mac), 3)
			w.must(err)
		}
		canceled := code("a===+380501111111", 300)
		open := code("a===+380501111111", 300)
		verified := code("b===+380502222222", 310)
		attempt(verified, "right")
		exhausted := code("c===+380503333333", 320)
		for range 3 {
			attempt(exhausted, "wrong")
		}
		expired := code("d===+380504444444", -1)
		list := func(query string) reply { return w.admin(http.MethodGet, "otps"+query, "") }
		for query, want := range map[string][]string{
			"":                          {canceled.ID, open.ID, verified.ID, exhausted.ID, expired.ID},
			"?status=NEW":               {open.ID},
			"?status=new":               nil,
			"?status=COMPLETED":         nil,
			"?status=CANCELED":          {canceled.ID},
			"?status=VERIFIED":          {verified.ID},
			"?status=UNVERIFIED":        {exhausted.ID},
			"?status=EXPIRED":           {expired.ID},
			"?active=true":              {open.ID},
			"?active=0":                 {canceled.ID, verified.ID, exhausted.ID, expired.ID},
			"?key=A%3D%3D%3D%2B38050":   {canceled.ID, open.ID},
			"?key=2222&status=CANCELED": nil,
			"?key=b%25%3D_38050":        {verified.ID},
		} {
			require.ElementsMatch(t, want, w.ids(list(query)), query)
		}
		require.Equal(t, map[string]string{"$.active": "cast"}, w.entries(list("?active=x")))
		require.Equal(t, map[string]string{"$.code": "unknown"}, w.entries(list("?code=111111")))
		data, _ := list("?status=UNVERIFIED").at("data")
		require.Equal(t, map[string]any{
			"id": exhausted.ID, "key": "c===+380503333333", "code": nil, "code_expired_at": "2023-11-14T22:18:40.000000Z",
			"status": "UNVERIFIED", "active": false, "attempts_count": 3.0, "inserted_at": "2023-11-14T22:13:20.000000Z",
		}, data.([]any)[0])
		total, _ := list("?page_size=2").at("paging.total_entries")
		require.EqualValues(t, 5, total)
	})
}
