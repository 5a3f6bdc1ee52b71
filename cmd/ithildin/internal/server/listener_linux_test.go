package server

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKernelIgnoresConnectionsToAListenerThatIsAboutToClose(t *testing.T) {
	listener, err := listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	before, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer before.Close()
	require.NoError(t, dropNewConnections(listener))
	_, err = net.DialTimeout("tcp", listener.Addr().String(), 100*time.Millisecond)
	var fault net.Error
	require.ErrorAs(t, err, &fault)
	require.True(t, fault.Timeout(), "neither accepted nor refused: %v", err)
	accepted, err := listener.Accept()
	require.NoError(t, err)
	require.Equal(t, before.LocalAddr(), accepted.RemoteAddr(), "who was connected before is accepted")
	require.NoError(t, accepted.Close())
	awaitAccepted(listener, time.Hour)
}
