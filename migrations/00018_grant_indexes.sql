-- +goose Up

-- A rotated refresh token changes its grant's expires_at, and PostgreSQL then writes into each index of the table. Two
-- indexes do the work of four: both also list refresh tokens in their order, which ends with refresh_token_id.
CREATE INDEX grants_client_expiry ON grants (client_id, expires_at, refresh_token_id);
DROP INDEX grants_client_refresh_token;
DROP INDEX grants_client_id;
CREATE INDEX grants_expiry ON grants (expires_at, refresh_token_id);
DROP INDEX grants_refresh_token;
DROP INDEX grants_expires_at;

-- +goose Down
SELECT 1;
