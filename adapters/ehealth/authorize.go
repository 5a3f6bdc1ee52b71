package ehealth

import "net/http"

// authorize is POST /oauth/apps/authorize on the public listener (contract section 2.2).
func (a *Adapter) authorize(http.ResponseWriter, *http.Request) error { return failureNotFound }

// authorizeForConsumer is the same on the admin listener, behind a gateway of the operator's own.
func (a *Adapter) authorizeForConsumer(http.ResponseWriter, *http.Request) error {
	return failureNotFound
}
