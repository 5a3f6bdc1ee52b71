package storagetest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ithildin/storage"
)

// replicas are the cases of a standby that answers about tokens. It is a second database, into which a case writes what
// a standby would have received by then.
func replicas(t *testing.T, engine Engine) {
	for name, c := range map[string]func(t *testing.T, r *replicated){
		"Nothing is read before it is known what the replica has":          replicaIsUnknown,
		"A live token is read from the replica, and a younger one is not":  replicaAnswers,
		"A token that was ended is live until the replica is that young":   replicaIsStale,
		"A replica whose answers are too old is not asked":                 replicaIsOld,
		"Where the caller wants the newest the replica is not asked":       replicaIsNotAllowed,
		"A replica that is away is not noticed":                            replicaIsAway,
		"An answer of another standby, which is behind, does not count":    replicaIsAnother,
		"Another URL leads to another replica":                             replicaHasMoved,
		"A replica of another primary is not asked, however far it may be": replicaOfAnother,
	} {
		t.Run(name, func(t *testing.T) { c(t, newReplicated(t, engine, time.Hour)) })
	}
}

// replicated is a store with a replica, and the replica as a store that can be written.
type replicated struct {
	*suite
	proxy      *Proxy
	standby    *storage.Store
	standbyURL string
	grant      storage.Grant
}

func newReplicated(t *testing.T, engine Engine, staleness time.Duration) *replicated {
	r := &replicated{suite: newSuite(t, engine)}
	r.standbyURL = engine.Create(t)
	r.proxy = NewProxy(t, r.standbyURL)
	r.standby = Open(t, r.standbyURL, At(r.clock))
	r.store = r.open(t, func(o *storage.Options) {
		o.Replica = storage.ReplicaOptions{URL: r.proxy.URL(), Staleness: staleness}
	})
	user := User(t, r.store)
	r.grant = Grant(t, r.store, Client(t, r.store, storage.PresetStandard, Opaque), user)
	require.NoError(t, r.standby.CreateUser(t.Context(), user))
	require.NoError(t, r.standby.CreateGrant(t.Context(), r.grant))
	return r
}

// token stores an access token, at the replica too where it is to have received it.
func (r *replicated) token(t *testing.T, received bool) storage.AccessToken {
	t.Helper()
	_, token := AccessToken(t, r.store, r.grant)
	if received {
		require.NoError(t, r.standby.CreateAccessToken(t.Context(), token))
	}
	return token
}

// receiveMarks lets the replica have every mark up to now.
func (r *replicated) receiveMarks(t *testing.T, mark int64) {
	t.Helper()
	_, err := r.standby.SQL().ExecContext(t.Context(), `UPDATE replica_marks SET mark = $1`, mark)
	require.NoError(t, err)
}

// lookAt looks at a replica that has received everything.
func (r *replicated) lookAt(t *testing.T) {
	t.Helper()
	r.receiveMarks(t, math.MaxInt64)
	require.NoError(t, r.store.LookAtReplica(t.Context()))
}

// requireFound says by whom a token was found live.
func (r *replicated) requireFound(t *testing.T, token storage.AccessToken, byReplica bool) {
	t.Helper()
	replica, primary := r.store.ReplicaReads()
	found, err := r.store.FindToken(storage.MayBeStale(t.Context()), storage.TokenProbe{Hash: token.ID})
	require.NoError(t, err)
	require.False(t, found.IsEnded())
	require.Equal(t, token.AccessTokenID, found.ID)
	afterReplica, afterPrimary := r.store.ReplicaReads()
	require.Equal(t, byReplica, afterReplica == replica+1)
	require.Equal(t, !byReplica, afterPrimary == primary+1)
}

func (r *replicated) requireEnded(t *testing.T, token storage.AccessToken) {
	t.Helper()
	found, err := r.store.FindToken(storage.MayBeStale(t.Context()), storage.TokenProbe{Hash: token.ID})
	require.NoError(t, err)
	require.True(t, found.IsEnded())
}

func replicaIsUnknown(t *testing.T, r *replicated) {
	token := r.token(t, true)
	r.requireFound(t, token, false)
	require.NoError(t, r.store.LookAtReplica(t.Context()))
	_, known := r.store.ReplicaStaleness()
	require.False(t, known, "it has not received the mark of the look")
	r.requireFound(t, token, false)
	r.lookAt(t)
	r.requireFound(t, token, true)
}

func replicaAnswers(t *testing.T, r *replicated) {
	r.lookAt(t)
	r.requireFound(t, r.token(t, true), true)
	r.requireFound(t, r.token(t, false), false)
	_, err := r.store.FindToken(storage.MayBeStale(t.Context()), storage.TokenProbe{Hash: storage.Hash("nobody's")})
	require.ErrorIs(t, err, storage.ErrNotFound)
}

func replicaIsStale(t *testing.T, r *replicated) {
	r.lookAt(t)
	token := r.token(t, true)
	_, err := r.store.RevokeGrant(t.Context(), r.grant.ID)
	require.NoError(t, err)
	r.requireFound(t, token, true)
	_, err = r.standby.RevokeGrant(t.Context(), r.grant.ID)
	require.NoError(t, err)
	r.requireEnded(t, token)
}

func replicaIsOld(t *testing.T, fresh *replicated) {
	r := newReplicated(t, fresh.engine, time.Nanosecond)
	r.lookAt(t)
	token := r.token(t, true)
	r.requireFound(t, token, false)
	_, err := r.store.RevokeGrant(t.Context(), r.grant.ID)
	require.NoError(t, err)
	r.requireEnded(t, token)
}

func replicaIsNotAllowed(t *testing.T, r *replicated) {
	r.lookAt(t)
	token := r.token(t, true)
	_, err := r.store.RevokeGrant(t.Context(), r.grant.ID)
	require.NoError(t, err)
	found, err := r.store.FindToken(t.Context(), storage.TokenProbe{Hash: token.ID})
	require.NoError(t, err)
	require.True(t, found.IsEnded())
}

func replicaIsAway(t *testing.T, r *replicated) {
	r.lookAt(t)
	token := r.token(t, true)
	r.requireFound(t, token, true)
	r.proxy.GoAway()
	r.requireFound(t, token, false)
	require.ErrorIs(t, r.store.LookAtReplica(t.Context()), storage.ErrUnavailable)
	r.requireFound(t, token, false)
	r.proxy.ComeBack()
	r.requireFound(t, token, false)
	r.lookAt(t)
	r.requireFound(t, token, true)
}

// replicaIsAnother is what one name leads to after a look at a standby that had everything.
func replicaIsAnother(t *testing.T, r *replicated) {
	r.lookAt(t)
	token := r.token(t, true)
	r.requireFound(t, token, true)
	r.receiveMarks(t, 0)
	r.requireFound(t, token, false)
	_, err := r.store.RevokeGrant(t.Context(), r.grant.ID)
	require.NoError(t, err)
	r.requireEnded(t, token)
}

// replicaOfAnother has the marks of a primary that failed: they are from before those that the new one writes.
func replicaOfAnother(t *testing.T, r *replicated) {
	var mark int64
	require.NoError(t, r.store.LookAtReplica(t.Context()))
	require.NoError(t, r.store.SQL().QueryRowContext(t.Context(), `SELECT mark FROM replica_marks`).Scan(&mark))
	r.receiveMarks(t, mark-1)
	token := r.token(t, true)
	for range 100 { // as many as are kept, and more
		require.NoError(t, r.store.LookAtReplica(t.Context()))
	}
	r.requireFound(t, token, false)
	_, known := r.store.ReplicaStaleness()
	require.False(t, known)
}

// replicaHasMoved has the replica at another address than at the start.
func replicaHasMoved(t *testing.T, r *replicated) {
	token := r.token(t, true)
	r.proxy.GoAway()
	require.ErrorIs(t, r.store.LookAtReplica(t.Context()), storage.ErrUnavailable)
	require.Error(t, r.store.ConnectBy(r.databaseURL, "postgres://a,,b/ithildin"), "an empty host")
	require.ErrorIs(t, r.store.LookAtReplica(t.Context()), storage.ErrUnavailable)
	require.NoError(t, r.store.ConnectBy(r.databaseURL, r.standbyURL))
	r.lookAt(t)
	r.requireFound(t, token, true)
}
