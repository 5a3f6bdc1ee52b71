-- +goose Up

-- How many one-time codes a user got wrong since the last right one; too many block the user.
ALTER TABLE users ADD COLUMN one_time_code_failures bigint NOT NULL DEFAULT 0;
-- The password age job walks along it.
CREATE INDEX users_password_set_at ON users (password_set_at, id);

-- A weak secret has a slow hash, by which it can't be found. Where it doubles as an api-key it must be: lookup is its MAC
-- under a sealed key, which tells nothing to who has only the database.
ALTER TABLE connection_secrets ADD COLUMN lookup bytea NULL;
CREATE UNIQUE INDEX connection_secrets_lookup ON connection_secrets (lookup);

-- Gateway decisions are many; an operator asks for those about one client or user.
CREATE INDEX audit_events_client_id ON audit_events (client_id, created_at);
CREATE INDEX audit_events_user_id ON audit_events (user_id, created_at);

-- The admin API finds a client by the person who signed up for it, and users by tax id.
CREATE INDEX users_tax_id ON users (tax_id);

-- +goose Down
SELECT 1;
