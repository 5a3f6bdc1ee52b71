package storagetest

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
)

// refuse makes the triggers of Refusing. What a sequence counts stays when its transaction is rolled back.
const refuse = `
CREATE SEQUENCE refused;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF txid_current() % 3 = 0 THEN
    PERFORM nextval('refused');
    RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
  END IF;
  RETURN NULL;
END $$;
DO $$
DECLARE t record;
BEGIN
  FOR t IN SELECT c.oid::regclass AS name FROM pg_class c WHERE relnamespace = 'public'::regnamespace
      AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'goose_db_version' LOOP
    EXECUTE format('CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT
EXECUTE FUNCTION refuse()', t.name);
  END LOOP;
END $$`

// createRefusing makes a database with these triggers. At the end it must have refused something.
func createRefusing(t testing.TB) string {
	databaseURL := createPostgreSQL(t)
	db, err := sqlx.Open("postgres", databaseURL)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), refuse)
	require.NoError(t, err)
	t.Cleanup(func() {
		var refused bool
		require.NoError(t, db.GetContext(context.Background(), &refused, `SELECT is_called FROM refused`))
		require.True(t, refused, "nothing was refused")
		require.NoError(t, db.Close())
	})
	return databaseURL
}
