-- +goose Up

-- The sign-ins of operators to the console. id is the SHA-256 of the cookie; the times are epoch seconds.
CREATE TABLE console_sessions (
    id           bytea  NOT NULL PRIMARY KEY,
    user_id      uuid   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    auth_time    bigint NOT NULL,
    address      text   NOT NULL DEFAULT '',
    created_at   bigint NOT NULL,
    last_used_at bigint NOT NULL,
    expires_at   bigint NOT NULL
);
CREATE INDEX console_sessions_user_id ON console_sessions (user_id);
CREATE INDEX console_sessions_expires_at ON console_sessions (expires_at);

-- A help desk finds what happened by the number of a request.
CREATE INDEX audit_events_request_id ON audit_events (request_id, created_at, id) WHERE request_id <> '';

-- +goose Down
SELECT 1;
