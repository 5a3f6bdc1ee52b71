// Package registration lets clients register themselves, and validates the metadata of every client, whoever stores it:
// the registration endpoint, the command line or an administrator.
//
//	POST   /oauth2/register              register                RFC 7591 section 3, OIDC Registration section 3
//	GET    /oauth2/register/{client_id}  readClient              RFC 7592 section 2.1
//	PUT    /oauth2/register/{client_id}  updateClient            RFC 7592 section 2.2
//	DELETE /oauth2/register/{client_id}  deleteClient            RFC 7592 section 2.3
//
// A registration takes these steps:
//
//  1. The rate of the address is taken (rate.go), then the initial access token is found, where one is wanted
//     (register.go).
//  2. readRegistration reads the body (request.go), and apply makes a client of it, with the defaults of RFC 7591
//     section 2.
//  3. ValidateClient collects every problem of the metadata (metadata*.go).
//  4. checkSector fetches the sector document of a pairwise client (sector_document.go).
//  5. The client, its registration and the use of the initial access token are written in one transaction.
//
// An update authenticates by the registration access token (manage.go) and then takes the same steps.
package registration
