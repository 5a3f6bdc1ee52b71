// Package server runs the provider as a process with two or three listeners, until a signal ends it.
//
// Serve starts in this order:
//
//  1. the database is opened; serve waits 30 seconds for PostgreSQL to answer (await_database.go), migrates SQLite, and
//     refuses a schema that is too old (open.go), a database of another kind of server (development_mark.go) and one of
//     another issuer (issuer_mark.go)
//  2. keys, provider, adapters, metrics and both handlers are built (build.go); with --dev the demo data is stored
//  3. the public, the mithril (if there is one) and the admin listener are opened (endpoints.go)
//  4. the background jobs start (background.go): reading changes of the configuration each second, keys, janitor,
//     back-channel logout, notices, mail (mail.go), readiness of the database for writes, reload at SIGHUP (reload.go),
//     expiry of a certificate
//  5. the listeners are served, and the log says so (announce.go)
//
// At SIGINT, SIGTERM or when a listener fails, it ends in this order (server.go), within 30 seconds:
//
//  1. /readyz answers 503, and each answer closes its connection; requests are served for the shutdown delay
//  2. the kernel ignores new connections (listener_linux.go), those that wait are accepted, and the listeners close
//  3. each open connection gets its last request, or is closed after the shutdown delay without one (connections.go);
//     requests that run have until 6 seconds before the end
//  4. the background jobs stop, queued audit events are written, leases are released, and the database is closed
//
// The admin listener (admin.go) has /healthz, /readyz (readiness.go) and /metrics (metrics.go) for everybody who
// reaches it. An adapter mounts its routes there on one of two routers: the open one has the questions of gateways, for
// whoever holds the token in question, and the guarded one the rest, for bearers of an admin token. A request that the
// open router does not take is guarded. The admin API below /api/v1 is on the open one too, since it has a guard of its
// own, which admits bearers of an admin token as well as those of access tokens with an admin scope.
//
// The mithril listener (mithril.go) has every path of mithril and authenticates nobody.
package server
