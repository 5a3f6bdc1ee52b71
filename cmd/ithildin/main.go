package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/willabides/kongplete"

	"ithildin/cmd/ithildin/internal/config"
	"ithildin/cmd/ithildin/internal/console"
	"ithildin/storage"
)

// program is the command line.
type program struct {
	Serve              serveCommand              `cmd:"" help:"Run the provider."`
	Setup              setupCommand              `cmd:"" help:"Prepare a new installation, with its first administrator."`
	Migrate            migrateCommand            `cmd:"" help:"Bring the database schema up to date."`
	Client             clientCommand             `cmd:"" help:"Manage clients."`
	ClientHost         clientHostCommand         `cmd:"" help:"Block clients by the host of the document that describes them."`
	ClientType         clientTypeCommand         `cmd:"" help:"Manage client types, which limit the scopes of clients."`
	Connection         connectionCommand         `cmd:"" help:"Manage the connections of clients (secrets, redirects)."`
	InitialAccessToken initialAccessTokenCommand `cmd:"" help:"Manage the initial access tokens of client registration."`
	User               userCommand               `cmd:"" help:"Manage users."`
	Invitation         invitationCommand         `cmd:"" help:"Invite people to have roles."`
	Session            sessionCommand            `cmd:"" help:"List and end the sessions of users."`
	Approval           approvalCommand           `cmd:"" help:"List and withdraw the approvals of users."`
	Role               roleCommand               `cmd:"" help:"Manage roles and who has them."`
	Scope              scopeCommand              `cmd:"" help:"Manage the catalogue of scopes."`
	Resource           resourceCommand           `cmd:"" help:"Manage the resources that access tokens may be for."`
	DetailsType        detailsTypeCommand        `cmd:"" help:"Manage the types of authorization details."`
	Apply              applyCommand              `cmd:"" help:"Make scopes, roles and clients what a file declares."`
	Export             exportCommand             `cmd:"" help:"Print scopes, roles and clients as apply takes them."`
	Key                keyCommand                `cmd:"" help:"Manage signing keys, and encrypt stored values again."`
	Token              tokenCommand              `cmd:"" help:"Get, introspect and revoke tokens of a running server."`
	Mail               mailCommand               `cmd:"" help:"Test the sending of mail."`
	Audit              auditCommand              `cmd:"" help:"List, export and delete audit events."`
	Import             importCommand             `cmd:"" help:"Import the database of another system."`
	Janitor            janitorCommand            `cmd:"" help:"Delete expired rows once."`
	Backup             backupCommand             `cmd:"" help:"Copy the database of SQLite while servers run."`
	AfterRestore       afterRestoreCommand       `cmd:"" help:"End what a restored database has brought back."`
	Healthcheck        healthcheckCommand        `cmd:"" help:"Check whether a server on this machine is ready."`
	Config             configCommand             `cmd:"" help:"Check and print the configuration."`
	Completion         completionCommand         `cmd:"" help:"Print what completes command lines in a shell."`
	Reference          referenceCommand          `cmd:"" help:"Print the reference of the command line."`
	Version            versionCommand            `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// Help is shown by ithildin --help.
func (program) Help() string {
	return `Every setting is a flag and an environment variable; a secret comes from the variable itself or from the file
that the variable with _FILE at its end names.

Exit codes: 0 done; 1 failed; 2 the command line or the configuration is wrong.`
}

func main() {
	config.UnsetEmpty()
	os.Exit(run(context.Background(), os.Args[1:], console.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}

// run is the process without its globals; it returns the exit code.
func run(ctx context.Context, arguments []string, c console.Terminal) int {
	exited := -1
	parser := commandLine(kong.Writers(c.Out, c.Err), kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(c))
	if config.ShellAsks() {
		kongplete.Complete(parser)
		return console.ExitOK
	}
	parsed, err := parser.Parse(arguments)
	if exited >= 0 { // --help was answered
		return exited
	}
	if err != nil {
		return console.Report(c.Err, &console.UsageError{Cause: err, Hint: helpFor(err)})
	}
	if err := errors.Join(refuseEmptyUpdate(parsed), refuseUnnamedFile(parsed)); err != nil {
		return console.Report(c.Err, err)
	}
	parsed.BindTo(acting(ctx, parsed.Command()), (*context.Context)(nil))
	return console.Report(c.Err, parsed.Run())
}

// commandLine makes the parser of the command line.
func commandLine(options ...kong.Option) *kong.Kong {
	parser, err := kong.New(&program{}, append([]kong.Option{
		kong.Name("ithildin"), kong.Description("An OpenID provider with a standard face and the eHealth legacy face."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 120}),
		flagEnums, config.HelpTexts(flagHelp), kong.Vars{"version": thisBuild().String()},
	}, options...)...)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	return parser
}

// refuseEmptyUpdate refuses an update that names nothing to change, and one that gives ” to a flag that cannot be
// empty: it would change nothing and say that it was done. Flags that can be empty are lists and pointers.
func refuseEmptyUpdate(parsed *kong.Context) error {
	if parsed.Selected() == nil || parsed.Selected().Name != "update" {
		return nil
	}
	hint, named := parsed.Selected().FullPath()+" --help", false
	for _, element := range parsed.Path {
		flag := element.Flag
		if flag == nil || len(flag.Envs) > 0 {
			continue // a flag with a variable says where the database is
		}
		named = true
		if value := parsed.FlagValue(flag); value == "" {
			return &console.UsageError{Cause: fmt.Errorf("--%s is given empty: want a value", flag.Name), Hint: hint}
		}
	}
	if !named {
		return &console.UsageError{Cause: errors.New("nothing is to be changed"), Hint: hint}
	}
	return nil
}

// refuseUnnamedFile refuses a flag that is to name a file and is given empty: what was to be in the file would be
// left out.
func refuseUnnamedFile(parsed *kong.Context) error {
	for _, element := range parsed.Path {
		if flag := element.Flag; flag != nil && strings.HasSuffix(flag.Name, "-file") && parsed.FlagValue(flag) == "" {
			return &console.UsageError{Cause: fmt.Errorf("--%s is given empty: want the name of a file", flag.Name)}
		}
	}
	return nil
}

// acting says who makes the changes of a verb, so that each is kept in the audit. A server says that of each request.
func acting(ctx context.Context, command string) context.Context {
	if verb, _, _ := strings.Cut(command, " "); verb == "serve" || verb == "janitor" {
		return ctx
	}
	return storage.ActingAs(ctx, storage.Actor{By: storage.ByCommandLine, Operator: config.OperatingSystemUser(),
		Command: command})
}

// helpFor names the help of the verb that was meant.
func helpFor(err error) string {
	command := "ithildin"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		command = parse.Context.Selected().FullPath()
	}
	return command + " --help"
}
