package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSmoke(t *testing.T) {
	Each(t, func(t *testing.T, e Engine) {
		s := e.Open(t)
		require.NoError(t, s.Ping(t.Context()))
	})
	for _, how := range []LostAnswer{LostByClose, LostByReset} {
		p := NewProxy(t, PostgreSQL().Create(t))
		s := Open(t, p.URL())
		require.NoError(t, s.Ping(t.Context()))
		p.Reset()
		require.NoError(t, s.PutSetting(t.Context(), "b", "a"))
		require.EqualValues(t, 2, p.RoundTrips())
		p.SwallowAnswer(how)
		err := s.PutSetting(t.Context(), "a", "a")
		t.Log(how, err, p.RoundTrips(), p.Swallowed())
		_, err = s.Setting(t.Context(), "a")
		require.NoError(t, err)
		p.GoAway()
		t.Log(s.Ping(t.Context()))
		t.Log(s.Ping(t.Context()))
		p.ComeBack()
		t.Log(s.Ping(t.Context()))
	}
}
