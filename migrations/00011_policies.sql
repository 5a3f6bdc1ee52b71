-- +goose Up

-- What SQL asks of a JSON document is a column of a view over its table. The document stays the only place where it is
-- stored, so what a server of the release before writes reads right, and nothing has to be filled or kept in step. A
-- generated column would be the same, but PostgreSQL before 18 has only stored ones: adding one rewrites the table under
-- a lock, and a backup whose snapshot is from before that finds the table empty.

CREATE VIEW client_policies AS
SELECT id AS client_id, policy ->> 'token_form' AS token_form, policy ->> 'refresh_issued' AS refresh_issued,
       policy ->> 'refresh_scope' AS refresh_scope
FROM clients;

-- A token of a sign-in is told from one of a code, a refresh or a client by how it came about.
CREATE VIEW access_token_sessions AS
SELECT id, kind, user_id, expires_at, session ->> 'grant_type' AS grant_type
FROM access_tokens;

-- +goose Down
SELECT 1;
