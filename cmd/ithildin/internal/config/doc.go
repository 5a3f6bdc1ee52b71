// Package config makes Settings of flags, environment variables and files. It is the only package that reads the
// environment.
//
// A group of settings is a file: its flags (a struct whose tags kong reads), the settings that come of them, and a
// method load between the two. Flags are texts, so that load finds every problem and the error names all of them at
// once. A setting that is a secret comes from its variable ITHILDIN_X or from the file that ITHILDIN_X_FILE names,
// never from both.
//
// To add a setting: a field with its env tag in the flags of its group, a field in the settings, the check in load,
// and a text in settings.md, of which make docs makes the table in docs/configuration.md. It is shown by config print
// without further work.
package config
