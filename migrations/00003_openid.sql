-- +goose Up

-- A consent is to scopes, and to the single claims that a request named (OIDC Core 5.5).
ALTER TABLE approvals ADD COLUMN claims text NOT NULL DEFAULT '';

-- A code ends with the login session that it was made in.
ALTER TABLE codes ADD COLUMN session_id uuid NULL;

-- By which a person tells their own devices apart.
ALTER TABLE login_sessions ADD COLUMN user_agent text NOT NULL DEFAULT '';

-- What lets somebody register that many clients (RFC 7591 section 3); hash is the SHA-256 of the token.
CREATE TABLE initial_access_tokens (
    id         uuid   NOT NULL PRIMARY KEY,
    hash       bytea  NOT NULL UNIQUE,
    name       text   NOT NULL DEFAULT '',
    remaining  bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX initial_access_tokens_expires_at ON initial_access_tokens (expires_at);

-- Clients that registered themselves; token_hash is the SHA-256 of the registration access token (RFC 7592).
CREATE TABLE client_registrations (
    client_id               text   NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    token_hash              bytea  NOT NULL,
    initial_access_token_id uuid   NULL,
    created_at              bigint NOT NULL
);
CREATE INDEX client_registrations_created_at ON client_registrations (created_at);

-- Back-channel logouts that clients must be told of: written with the end of the session, deleted when delivered.
CREATE TABLE logout_deliveries (
    id         uuid   NOT NULL PRIMARY KEY,
    client_id  text   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id    uuid   NOT NULL,
    session_id uuid   NOT NULL,
    subject    text   NOT NULL,
    attempts   bigint NOT NULL DEFAULT 0,
    next_at    bigint NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX logout_deliveries_next_at ON logout_deliveries (next_at);
CREATE INDEX logout_deliveries_expires_at ON logout_deliveries (expires_at);
CREATE INDEX logout_deliveries_client_id ON logout_deliveries (client_id);

-- +goose Down
SELECT 1;
