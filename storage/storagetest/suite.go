package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// suite is a database of its own for the cases of one table.
type suite struct {
	engine      Engine
	databaseURL string
	clock       *Clock
	store       *storage.Store
}

func newSuite(t *testing.T, engine Engine) *suite {
	s := &suite{engine: engine, databaseURL: engine.Create(t), clock: NewClock()}
	s.store = s.open(t)
	return s
}

// open makes one more Store on the database, as another process would.
func (s *suite) open(t *testing.T, options ...func(*storage.Options)) *storage.Store {
	t.Helper()
	return Open(t, s.databaseURL, append([]func(*storage.Options){At(s.clock)}, options...)...)
}

// count says how many rows a table has that meet a condition on $1.
func (s *suite) count(t *testing.T, table, condition string, argument any) (rows int) {
	t.Helper()
	err := s.store.SQL().QueryRowContext(t.Context(), `SELECT count(*) FROM `+table+` WHERE `+condition,
		argument).Scan(&rows)
	require.NoError(t, err)
	return rows
}

// execute makes rows what no method makes them, such as those of an earlier release.
func (s *suite) execute(t *testing.T, query string, args ...any) {
	t.Helper()
	_, err := s.store.SQL().ExecContext(t.Context(), query, args...)
	require.NoError(t, err)
}

// part is the cases of one table.
type part struct {
	name  string
	cases func(t *testing.T, s *suite)
}

func runParts(t *testing.T, engine Engine, parts []part) {
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.cases(t, newSuite(t, engine)) })
	}
}

// Run holds an engine to the contract of package storage.
func Run(t *testing.T, engine Engine) {
	runParts(t, engine, []part{
		{"Users", users},
		{"Passwords", passwords},
		{"Factors", factors},
		{"One-time codes", oneTimeCodes},
		{"Passkeys", passkeys},
		{"Authenticators", authenticators},
		{"Recovery codes", recoveryCodes},
		{"Second factors", secondFactors},
		{"Roles", roles},
		{"Tokens of a role that is lost", tokensOfALostRole},
		{"Client types and scopes", catalogue},
		{"Resources", resources},
		{"Types of authorization details", detailTypes},
		{"Clients", clients},
		{"Clients with many grants", manyGrantsOfAClient},
		{"Connections", connections},
		{"Initial access tokens", initialAccessTokens},
		{"Client registrations", clientRegistrations},
		{"Clients that documents describe", documentClients},
		{"Approvals", approvals},
		{"Codes", codes},
		{"Pushed requests", pushedRequests},
		{"Device authorizations", deviceAuthorizations},
		{"Answers to devices", answersToDevices},
		{"Rate counts", rateCounts},
		{"Grants", grants},
		{"Front channel", frontChannels},
		{"Rotation", rotation},
		{"Access tokens", accessTokens},
		{"Login sessions", loginSessions},
		{"Renewed sessions", renewals},
		{"Ends of sessions", sessionEnds},
		{"Console sessions", consoleSessions},
		{"Remembered browsers", rememberedBrowsers},
		{"Console views", consoleViews},
		{"Live counts", liveCounts},
		{"Logout deliveries", logoutDeliveries},
		{"Subjects of logouts", logoutDeliverySubjects},
		{"Password resets", passwordResets},
		{"Password resets of users", passwordResetsOfUsers},
		{"Mails", mails},
		{"Ceiling of mails", mailCeiling},
		{"Notices of changes of accounts", accountNotices},
		{"Invitations", invitations},
		{"Sign-in failures", signInFailures},
		{"Leases", leases},
		{"Idempotency keys", idempotencyKeys},
		{"Signing keys", signingKeys},
		{"Token ids", tokenIDs},
		{"Secrets", secrets},
		{"Settings", settings},
		{"Lists", lists},
		{"Audit events", auditEvents},
		{"Audit of changes", auditChanges},
		{"Old passwords", oldPasswords},
		{"Event queue", eventQueue},
		{"Janitor", janitor},
		{"Memory", cacheOfConfiguration},
		{"Errors", databaseErrors},
	})
	RunRaces(t, engine)
	if engine.isPostgreSQL {
		t.Run("Audit months", func(t *testing.T) { auditMonths(t, engine) })
		t.Run("Replicas", func(t *testing.T) { replicas(t, engine) })
		RunBrokenConnections(t, engine)
	}
}
