package config

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
)

// DatabaseFlags say where the rows are. All settings are texts here, so that every problem can be reported at once.
type DatabaseFlags struct {
	DatabaseURL         string `name:"database-url" env:"ITHILDIN_DATABASE_URL" placeholder:"URL" help:"@database_url"`
	DatabaseURLFile     string `env:"ITHILDIN_DATABASE_URL_FILE" placeholder:"PATH" help:"@database_url_file"`
	DatabaseConnections string `env:"ITHILDIN_DATABASE_CONNECTIONS" placeholder:"N" help:"@database_connections"`
}

// DefaultDatabaseURL is the database where none is configured.
const DefaultDatabaseURL = "sqlite:ithildin.db"

const defaultConnections = 32

// Database says which database to open, with how many connections and with which master secrets.
type Database struct {
	URL         string
	Connections int      // to PostgreSQL at most
	Secrets     [][]byte // the master secrets, the first of which seals; none where nothing sealed is read
}

// LoadDatabase reads the flags of a verb that needs no master secret.
func LoadDatabase(f DatabaseFlags) (Database, error) {
	var p problems
	s := f.load(&p, false)
	return s, p.err()
}

// LoadSealedDatabase reads the flags of a verb that reads or writes what the master secrets seal. Unless it requires
// them, they may be absent.
func LoadSealedDatabase(f DatabaseFlags, secrets SecretFlags, required bool) (Database, error) {
	var p problems
	s := f.load(&p, false)
	s.Secrets = secrets.load(&p, !required)
	return s, p.err()
}

func (f DatabaseFlags) load(p *problems, dev bool) Database {
	databaseURL := p.secretOr("ITHILDIN_DATABASE_URL", f.DatabaseURL, f.DatabaseURLFile)
	if databaseURL == "" {
		databaseURL = DefaultDatabaseURL
		if dev {
			databaseURL = DevelopmentDatabaseURL
		}
	}
	checkDatabaseURL(p, databaseURL)
	connections, err := strconv.Atoi(cmp.Or(f.DatabaseConnections, strconv.Itoa(defaultConnections)))
	if err != nil || connections < 1 {
		p.add("ITHILDIN_DATABASE_CONNECTIONS", "is %q: want a number above zero", f.DatabaseConnections)
	}
	return Database{URL: databaseURL, Connections: connections}
}

// checkDatabaseURL repeats no part of a URL that may hold a password.
func checkDatabaseURL(p *problems, databaseURL string) {
	path, isSQLite := strings.CutPrefix(databaseURL, "sqlite:")
	u, err := url.Parse(databaseURL)
	switch {
	case isSQLite && path == "":
		p.add("ITHILDIN_DATABASE_URL", "names no file: want sqlite:PATH")
	case isSQLite:
	case err != nil:
		p.add("ITHILDIN_DATABASE_URL", "is no URL: a password in it must be percent-encoded")
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		p.add("ITHILDIN_DATABASE_URL", "is of another kind: want sqlite:PATH or postgres://…")
	}
}
