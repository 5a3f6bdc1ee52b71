// Package demo holds the data and the pages of a development server (serve --dev).
//
// The data are two clients, a user, a role and its scopes, with secrets that are published in the documentation. Fill
// stores what is missing at every start and leaves what the developer has changed. The pages are
//
//	GET  /dev/           every way to begin a sign-in
//	GET  /dev/callback   the redirect URI of the clients: shows the code and how to exchange it
//	POST /dev/exchange   exchanges the code as a client does, by either token endpoint
package demo
