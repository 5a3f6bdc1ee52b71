-- +goose Up

-- What the creations of the admin API made that had an Idempotency-Key: the MAC of operator and key, the MAC of the
-- request, and the id of what was made.
CREATE TABLE idempotency_keys (
    id         bytea  NOT NULL PRIMARY KEY,
    request    bytea  NOT NULL,
    resource   text   NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- +goose Down
SELECT 1;
