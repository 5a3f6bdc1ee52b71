package config

import (
	"strings"
	"time"

	"ithildin/storage"
)

// replicaFlags name a standby of PostgreSQL that may answer whether a token is live.
type replicaFlags struct {
	ReplicaURL       string `env:"ITHILDIN_REPLICA_URL" placeholder:"URL" help:"@replica_url"`
	ReplicaURLFile   string `env:"ITHILDIN_REPLICA_URL_FILE" placeholder:"PATH" help:"@replica_url_file"`
	ReplicaStaleness string `env:"ITHILDIN_REPLICA_STALENESS" placeholder:"DURATION" help:"@replica_staleness"`
}

const (
	shortestStaleness = 200 * time.Millisecond
	longestStaleness  = time.Minute
)

// load returns no replica unless the operator says how old its answers may be.
func (f replicaFlags) load(p *problems, databaseURL string) storage.ReplicaOptions {
	given := p.secretOr("ITHILDIN_REPLICA_URL", f.ReplicaURL, f.ReplicaURLFile)
	if given == "" {
		if f.ReplicaStaleness != "" {
			p.add("ITHILDIN_REPLICA_STALENESS", "is set without ITHILDIN_REPLICA_URL")
		}
		return storage.ReplicaOptions{}
	}
	if !isPostgreSQL(given) || strings.HasPrefix(databaseURL, "sqlite:") {
		p.add("ITHILDIN_REPLICA_URL", "names no standby: want postgres://…, beside a database of PostgreSQL")
	}
	if f.ReplicaStaleness == "" {
		p.add("ITHILDIN_REPLICA_STALENESS", "is not set: want how old an answer of the replica may be, such as 2s")
		return storage.ReplicaOptions{}
	}
	staleness := p.duration("ITHILDIN_REPLICA_STALENESS", f.ReplicaStaleness, longestStaleness)
	if staleness < shortestStaleness {
		p.add("ITHILDIN_REPLICA_STALENESS", "is %q: want %v or more", f.ReplicaStaleness, shortestStaleness)
	}
	return storage.ReplicaOptions{URL: given, Staleness: staleness}
}

func isPostgreSQL(databaseURL string) bool {
	return strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
}
