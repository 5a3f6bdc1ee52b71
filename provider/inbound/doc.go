// Package inbound has what is known of a request before any endpoint sees it: its id, its address and origin, the text of its
// form, its record for the log, and what its body may cost, by itself and together with all that are read at once.
package inbound
