package ehealth

import "github.com/gorilla/mux"

// mountClients adds the admin API of clients, their connections and types (contract section 2.7).
func (a *Adapter) mountClients(*mux.Router) {}
