package storage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSessionIsStoredWithItsTimesAsNumbers(t *testing.T) {
	const stored = `{"sub":"doctor","auth_time":1700000000123456,"password_set_at":1600000000}`
	session, err := decodeSession(stored)
	require.NoError(t, err)
	require.Equal(t, time.UnixMicro(1700000000123456).UTC(), session.AuthTime)
	require.Equal(t, time.Unix(1600000000, 0).UTC(), session.PasswordSetAt)
	require.JSONEq(t, stored, session.encode())

	require.JSONEq(t, `{"sub":"doctor"}`, (&Session{Subject: "doctor"}).encode())
	session, err = decodeSession(`{"sub":"doctor"}`)
	require.NoError(t, err)
	require.Zero(t, session.AuthTime)
	require.Zero(t, session.PasswordSetAt)
}
