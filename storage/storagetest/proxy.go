package storagetest

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Proxy stands between a Store and PostgreSQL. It counts round trips, loses answers, goes silent and takes the database
// away.
type Proxy struct {
	upstream string
	database *url.URL // as its clients see it
	trips    atomic.Int64
	swallow  atomic.Pointer[LostAnswer]
	losing   atomic.Pointer[string]
	frozen   atomic.Pointer[frozen]

	mutex       sync.Mutex
	away        bool
	connections map[*proxied]struct{}
	relays      sync.WaitGroup
	ice         sync.RWMutex // every message passes under its read lock
	silent      bool
}

// LostAnswer is how the connection ends on which an answer is lost.
type LostAnswer string

// The two ways in which a connection breaks.
const (
	LostByClose LostAnswer = "closed" // FIN: the server or a balancer went in good order
	LostByReset LostAnswer = "reset"  // RST: it did not
)

// NewProxy starts a proxy in front of a PostgreSQL database for the time of the test. Stores opened through it must be
// opened after it, so that they close before it.
func NewProxy(t testing.TB, databaseURL string) *Proxy {
	t.Helper()
	u, err := url.Parse(withParameter(t, databaseURL, "sslmode", "disable")) // the proxy reads along
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	p := &Proxy{upstream: net.JoinHostPort(u.Hostname(), port), connections: map[*proxied]struct{}{}}
	u.Host = listener.Addr().String()
	p.database = u
	p.relays.Go(func() { p.serve(listener) })
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		p.GoAway()
		p.breakSilence()
		p.relays.Wait()
	})
	return p
}

// URL is the database's through the proxy.
func (p *Proxy) URL() string { return p.database.String() }

// RoundTrips is how many questions the server has answered since the last Reset; connecting is not counted, preparing a
// statement is.
func (p *Proxy) RoundTrips() int64 { return p.trips.Load() }

// Reset begins counting anew.
func (p *Proxy) Reset() { p.trips.Store(0) }

// SwallowAnswer lets the next execution of a statement reach the server and be completed there, but not its answer
// back: the connection ends instead.
func (p *Proxy) SwallowAnswer(how LostAnswer) { p.swallow.Store(&how) }

// Swallowed says that the answer which SwallowAnswer asked for was lost.
func (p *Proxy) Swallowed() bool { return p.swallow.Load() == nil }

// LoseAnswers lets every statement that contains text be completed by the server, and its connection hear nothing more,
// until ComeBack.
func (p *Proxy) LoseAnswers(value string) { p.losing.Store(&value) }

// frozen are the statements that contain text, until it is thawed.
type frozen struct {
	content string
	thawed  chan struct{}
}

// Freeze holds every statement that contains text, and whatever follows on its connection, back until Thaw, as a
// machine does that hangs: connections stay open, and nothing happens.
func (p *Proxy) Freeze(value string) {
	p.frozen.Store(&frozen{content: value, thawed: make(chan struct{})})
}

// Thaw lets everything go on that Freeze held back.
func (p *Proxy) Thaw() {
	if f := p.frozen.Swap(nil); f != nil {
		close(f.thawed)
	}
}

// GoAway ends every connection and refuses new ones until ComeBack.
func (p *Proxy) GoAway() {
	p.Thaw()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.away = true
	for c := range p.connections {
		c.end()
	}
}

// ComeBack takes connections again, and lets through what has waited.
func (p *Proxy) ComeBack() {
	p.breakSilence()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.away = false
	p.losing.Store(nil)
}

// GoSilent forwards nothing until ComeBack: connections stay open, and new ones are taken, as by a host
// that lost its power or whose server hangs.
func (p *Proxy) GoSilent() {
	p.ice.Lock()
	p.silent = true
}

func (p *Proxy) breakSilence() {
	if p.silent {
		p.silent = false
		p.ice.Unlock()
	}
}

// pass waits while the proxy is silent.
func (p *Proxy) pass() {
	p.ice.RLock()
	defer p.ice.RUnlock()
}

func (p *Proxy) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed by the end of the test
		}
		c, err := p.connect(client)
		if err != nil {
			client.Close()
			continue
		}
		p.relays.Go(c.relayRequests)
		p.relays.Go(func() {
			c.relayAnswers()
			p.forget(c)
		})
	}
}

func (p *Proxy) connect(client net.Conn) (*proxied, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.away {
		return nil, net.ErrClosed
	}
	server, err := net.Dial("tcp", p.upstream)
	if err != nil {
		return nil, err
	}
	c := &proxied{proxy: p, client: client.(*net.TCPConn), server: server, statements: map[string]string{}}
	p.connections[c] = struct{}{}
	return c, nil
}

func (p *Proxy) forget(c *proxied) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.connections, c)
}
