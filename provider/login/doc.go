// Package login owns what a person sees and what makes a browser known: sign-in, consent, sign-out and error pages in
// Ukrainian and English, cookies, login sessions, pending requests and passwords. It decides nothing about OAuth: package
// provider runs the authorization request and calls this package when it needs a person.
package login
