// Package invitation reads and answers invitations of employees: to have a role in an organisation. It serves no page
// and decides nothing about who a person is; the pages of package login call it.
//
// Kept (kept.go) are invitations in the database, which an operator makes by the command line.
//
// EmployeeRequests (employee_requests.go) are invitations that ehealth.api keeps. Its letters have a link with a code.
// This server alone talks to ehealth.api, over HTTP:
//
//	GET  /api/invite/{code}                          what the person is invited to
//	GET  /api/dictionaries?name=POSITION             words for the codes of positions, once an hour (positions.go)
//	POST /api/employee_requests/{id}/user            makes the account of the invited address, with a password
//	POST /api/employee_requests/{id}/approve, reject the answer of the person, whose session token it comes with
//
// What it answers is bounded in size and time, is never logged, and is shown only as far as the form in answer.go goes.
package invitation
