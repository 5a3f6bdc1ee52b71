// Package ehealth is the legacy face: the API that eHealth's medical information systems already speak. It unwraps their
// envelope into the standard form, and rewraps the answer. No token is born here, and nothing is decided that a policy of
// the client or its connection could decide.
package ehealth
