package ehealth

import "github.com/gorilla/mux"

// mountUserActions adds what people do about their own password and factor (contract section 2.5).
func (a *Adapter) mountUserActions(*mux.Router) {}
