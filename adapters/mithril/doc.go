// Package mithril reads a mithril database and fills ours, so that an operator can change over without anybody noticing
// (contract section 9). It only reads there; what it writes can be written again.
package mithril
