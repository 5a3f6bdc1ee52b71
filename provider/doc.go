// Package provider is the OpenID Provider over HTTP: the standard face in full, and below it the one flow that both faces
// share. A token is born in Exchange and nowhere else. The package decides protocol; rows are storage's, signing keys are
// jwks', and what a person sees is login's.
package provider
