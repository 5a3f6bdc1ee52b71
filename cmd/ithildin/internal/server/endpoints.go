package server

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"ithildin/cmd/ithildin/internal/console"
)

// endpoint is a listener of a service, and the server that answers on it.
type endpoint struct {
	name     string // for the error where it can't be opened
	setting  string // which names its address
	address  string
	handler  http.Handler
	listener net.Listener
	server   *http.Server
	serve    func() error
	// acceptedAll is closed when the server accepts no more: connections has every one that was accepted then.
	acceptedAll chan struct{}
	connections connections
}

// endpoints lists the listeners in the order in which they close: the admin listener last, so that probes see the
// shutdown.
func (s *service) endpoints() []*endpoint {
	list := []*endpoint{
		{name: "public listener", setting: "ITHILDIN_LISTEN", address: s.settings.Listen, handler: s.public},
	}
	if s.settings.Sender.Listen != "" {
		list = append(list, &endpoint{
			name: "mutual TLS listener", setting: "ITHILDIN_MTLS_LISTEN", address: s.settings.Sender.Listen, handler: s.mutual,
		})
	}
	if s.mithril != nil {
		list = append(list, &endpoint{
			name: "mithril listener", setting: "ITHILDIN_MITHRIL_LISTEN", address: s.settings.Mithril.Listen,
			handler: s.mithril,
		})
	}
	return append(list, &endpoint{
		name: "admin listener", setting: "ITHILDIN_ADMIN_LISTEN", address: s.settings.AdminListen, handler: s.admin,
	})
}

// open opens the listeners, or none of them, and prepares their servers.
func (s *service) open(ctx context.Context, endpoints []*endpoint) error {
	for i, e := range endpoints {
		var err error
		if e.listener, err = listen(ctx, e.address); err != nil {
			for _, opened := range endpoints[:i] {
				_ = opened.listener.Close() // the cause is err
			}
			return console.WithHint(e.setting+" names another address", fmt.Errorf("%s: %w", e.name, err))
		}
		e.server = s.newServer(s.ready.closing(e.handler))
		e.serve = func() error { return e.server.Serve(e.listener) }
		e.connections.watch(e.server)
		e.acceptedAll = make(chan struct{})
		switch e.setting {
		case "ITHILDIN_LISTEN":
			e.serve = s.servePublic(e.server, e.listener)
		case "ITHILDIN_MTLS_LISTEN":
			e.serve = serveMutualTLS(e.server, e.listener, s.settings.Sender.Certificate)
		}
	}
	return nil
}

// listen opens a listener for plain TCP. Go's default is Multipath TCP, whose sockets dropNewConnections can't filter.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var plaintext net.ListenConfig
	plaintext.SetMultipathTCP(false)
	return plaintext.Listen(ctx, "tcp", address)
}

// accept answers on the listener until it is closed.
func (e *endpoint) accept() error {
	defer close(e.acceptedAll)
	return e.serve()
}

// stopAccepting accepts what waits in the queue of the listener and closes the listener. Connections stay open.
func (e *endpoint) stopAccepting() {
	awaitAccepted(e.listener, queueTime)
	_ = e.listener.Close() // it is closed already if it has failed
	<-e.acceptedAll
}
