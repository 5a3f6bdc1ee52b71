// Command ithildin is the OpenID provider's command line. Each file holds one verb: its flags, its help and what it
// does. Flags that several verbs about clients share are in the files client_*.go.
//
// The verbs stand on five packages:
//
//   - internal/console reads from and writes to the person at the terminal
//   - internal/config makes settings of flags, environment and files
//   - internal/database opens the database that a verb works on
//   - internal/server is what serve runs
//   - internal/demo is the data and the pages of serve --dev
//
// main parses the command line, says in the context who acts, for the audit, runs the verb and turns its error into a
// message, a hint and an exit code.
package main
