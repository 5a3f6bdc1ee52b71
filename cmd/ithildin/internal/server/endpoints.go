package server

import (
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
	idle     idleConnections
}

// endpoints lists the listeners in the order in which they close: the admin listener last, so that probes see the
// shutdown.
func (s *service) endpoints() []*endpoint {
	list := []*endpoint{
		{name: "public listener", setting: "ITHILDIN_LISTEN", address: s.settings.Listen, handler: s.public},
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
func (s *service) open(endpoints []*endpoint) error {
	for i, e := range endpoints {
		var err error
		if e.listener, err = net.Listen("tcp", e.address); err != nil {
			for _, opened := range endpoints[:i] {
				_ = opened.listener.Close() // the cause is err
			}
			return console.WithHint(e.setting+" names another address", fmt.Errorf("%s: %w", e.name, err))
		}
		e.server = s.newServer(s.ready.closing(e.handler))
		e.serve = func() error { return e.server.Serve(e.listener) }
		if e.setting != "ITHILDIN_ADMIN_LISTEN" { // only probes hold connections to it
			e.idle.watch(e.server)
		}
		if e.setting == "ITHILDIN_LISTEN" {
			e.serve = s.servePublic(e.server, e.listener)
		}
	}
	return nil
}
