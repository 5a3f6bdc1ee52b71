package server

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// dropNewConnections makes the kernel drop new connection attempts, so that the queue of the listener is empty when
// it is closed: closing resets the connections in the queue, on which a load balancer may already have sent a request
// that it must not repeat. A client whose attempt is dropped tries again after a second, is refused then and goes to
// another replica. The listener must be one of listen: Multipath TCP has no filters.
func dropNewConnections(listener net.Listener) error {
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	// Of a segment that reaches a listening socket: dropped if of SYN and ACK (0x12, in the 14th byte) only SYN is set.
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &filter)
	})
	if err == nil {
		err = failed
	}
	return err
}

// awaitAccepted waits until the queue of a listener is empty, but no longer than the given time.
func awaitAccepted(listener net.Listener, most time.Duration) {
	const pause = 10 * time.Millisecond
	tcp, ok := listener.(*net.TCPListener)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	for waited := time.Duration(0); waited < most; waited += pause {
		queued := uint32(0)
		_ = raw.Control(func(fd uintptr) {
			if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				queued = info.Unacked // of a socket that listens: the length of its queue
			}
		})
		if queued == 0 {
			return
		}
		time.Sleep(pause)
	}
}
