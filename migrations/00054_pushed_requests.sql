-- +goose Up

-- Authorization requests that clients pushed (RFC 9126). id is the SHA-256 of the request_uri; the times are epoch
-- seconds.
CREATE TABLE pushed_requests (
    id         bytea  NOT NULL PRIMARY KEY,
    client_id  text   NOT NULL,
    parameters text   NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at    bigint NOT NULL DEFAULT 0,
    used_by    uuid   NULL
);
CREATE INDEX pushed_requests_expires_at ON pushed_requests (expires_at);

-- +goose Down
SELECT 1;
