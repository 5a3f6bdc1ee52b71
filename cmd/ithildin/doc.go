// Command ithildin is the OpenID provider's command line: it reads flags, environment and files, opens the database,
// builds the provider and runs it. It alone does so; it decides nothing about protocols.
package main
