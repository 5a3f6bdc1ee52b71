package ehealth_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"ithildin/storage/storagetest"
)

func TestNonceIsAskedForByAClientOfTheBodyOrOfTheQuery(t *testing.T) {
	storagetest.Each(t, func(t *testing.T, engine storagetest.Engine) {
		w := newWorld(t, engine)
		ask := func(query, body string) reply {
			return w.send(http.MethodPost, "/oauth/nonce"+query, asJSON, body)
		}
		require.Equal(t, 200, ask("", `{"client_id":"`+frontID+`"}`).status)
		require.Equal(t, 200, ask("?client_id="+frontID, "").status)
		inBoth := ask("?client_id="+uuid.NewString(), `{"client_id":"`+frontID+`"}`)
		require.Equal(t, 200, inBoth.status, "the body counts more")
		require.Equal(t, 200, w.send(http.MethodPost, "/oauth/nonce?client_id="+frontID, nil, "").status)
		require.Equal(t, 404, ask("?client_id="+uuid.NewString(), "").status)
		require.Equal(t, map[string]string{"$.client_id": "cast"}, w.entries(ask("?client_id=1", "")))
		require.Equal(t, map[string]string{"$.client_id": "required"}, w.entries(ask("", "")))
		require.Equal(t, map[string]string{"$.client_id": "required"},
			w.entries(w.send(http.MethodPost, "/oauth/nonce", nil, "")))
		require.Equal(t, map[string]string{"$.client_id": "required"},
			w.entries(ask("?client_id="+frontID, `{"client_id":null}`)))
	})
}
